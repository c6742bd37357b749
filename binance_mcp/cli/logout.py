"""The command that removes credentials from the system's keychain."""

from binance_mcp.cli.command import Command
from binance_mcp.cli.login import SECONDS, KeychainEnvironment, keychain_environment
from binance_mcp.cli.output import say


class Logout(Command):
    """Remove the account's credentials from the system's keychain.

    A server that runs uses them until it is restarted. At Binance, nothing changes.
    """

    environment: KeychainEnvironment = None

    def run(self) -> int:
        """Remove the credentials, and tell whether there were any.

        Raises:
            KeychainError: They cannot be removed.

        """
        from binance_mcp.keychain import Keychain

        environment = keychain_environment(self.environment)
        if Keychain(SECONDS).remove(environment):
            say(f"The credentials for {environment} are no longer in the system's keychain.")
        else:
            say(f"There were no credentials for {environment} in the system's keychain.")
        return 0
