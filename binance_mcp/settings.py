"""The settings: environment variables of exactly these names.

An empty value means unset, and so does the `${user_config.…}` that a desktop host passes for a
field that was not filled in.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from binance_mcp.env_file import is_unset
from binance_mcp.urls import check_rest_url, check_stream_url

_LATEST_KEEPALIVE_SECONDS: Final = 3300.0
_REVEALED: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), "always"),
    **dict.fromkeys(("false", "0", "no", "off"), "never"),
}
"""What a truth value means."""


def _check_header_value(value: SecretStr) -> SecretStr:
    if not all("!" <= character <= "~" for character in value.get_secret_value()):
        raise ValueError("must be the key itself: printable ASCII characters without spaces")
    return value


class Settings(BaseSettings):
    """All settings. Frozen; secrets print masked."""

    model_config = SettingsConfigDict(
        case_sensitive=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    api_key: Annotated[SecretStr, AfterValidator(_check_header_value)] | None = Field(
        default=None, validation_alias="BINANCE_API_KEY", description="API key of the account."
    )
    api_secret: SecretStr | None = Field(
        default=None,
        validation_alias="BINANCE_API_SECRET",
        description="API secret: requests are signed with it. Optional.",
    )
    private_key: SecretStr | None = Field(
        default=None,
        validation_alias="BINANCE_PRIVATE_KEY",
        description="RSA or Ed25519 private key (PEM), instead of a secret. Optional.",
    )
    private_key_file: Path | None = Field(
        default=None,
        validation_alias="BINANCE_PRIVATE_KEY_FILE",
        description="File with an RSA or Ed25519 private key (PEM), mode 0600. Optional.",
    )
    private_key_passphrase: SecretStr | None = Field(
        default=None,
        validation_alias="BINANCE_PRIVATE_KEY_PASSPHRASE",
        description="Passphrase of the private key. Optional.",
    )
    environment: Literal["mainnet", "demo", "sandbox"] = Field(
        default="mainnet",
        validation_alias="BINANCE_ENVIRONMENT",
        description="`mainnet`, `demo` (Binance's testnet) or `sandbox` (no account, no network).",
    )
    rest_url: Annotated[str, AfterValidator(check_rest_url)] | None = Field(
        default=None,
        validation_alias="BINANCE_REST_URL",
        description="Base URL of the REST API, instead of the environment's.",
    )
    stream_url: Annotated[str, AfterValidator(check_stream_url)] | None = Field(
        default=None,
        validation_alias="BINANCE_STREAM_URL",
        description="Base URL of the WebSocket streams, instead of the environment's.",
    )
    recv_window: int = Field(
        default=5000,
        ge=1,
        le=60_000,
        validation_alias="BINANCE_RECV_WINDOW",
        description="Milliseconds for which a signed request is valid.",
    )
    timeout_seconds: float = Field(
        default=5.0,
        gt=0,
        le=60,
        allow_inf_nan=False,
        validation_alias="BINANCE_TIMEOUT_SECONDS",
        description="Seconds to wait for one response; a call ends within four times that.",
    )
    env_file: Path | None = Field(
        default=None,
        validation_alias="BINANCE_MCP_ENV_FILE",
        description="File with any of these variables; the environment takes precedence. Optional.",
    )
    policy: Path | None = Field(
        default=None,
        validation_alias="BINANCE_MCP_POLICY",
        description="Policy file, instead of the built-in policy.",
    )
    policy_shadow: Path | None = Field(
        default=None,
        validation_alias="BINANCE_MCP_POLICY_SHADOW",
        description="Second policy: what it would decide differently is logged and recorded.",
    )
    auto_keepalive: bool = Field(
        default=True,
        validation_alias="BINANCE_MCP_AUTO_KEEPALIVE",
        description="Whether the server keeps the listen key alive automatically.",
    )
    keepalive_seconds: float = Field(
        default=1800.0,
        ge=1,
        le=3000,
        allow_inf_nan=False,
        validation_alias="BINANCE_MCP_KEEPALIVE_SECONDS",
        description="Seconds between automatic keepalives.",
    )
    keepalive_jitter_seconds: float = Field(
        default=300.0,
        ge=0,
        le=600,
        allow_inf_nan=False,
        validation_alias="BINANCE_MCP_KEEPALIVE_JITTER_SECONDS",
        description="Maximum random delay that is added to it, in seconds.",
    )
    reveal_listen_key: Annotated[
        Literal["always", "create", "never"],
        BeforeValidator(lambda v: _REVEALED.get(str(v).lower(), v)),
    ] = Field(
        default="create",
        validation_alias="BINANCE_MCP_REVEAL_LISTEN_KEY",
        description="Who shows the listen key: `always` every tool, `create` only "
        "BinanceFuturesCreateListenKey, or `never` any.",
    )
    user_events: bool = Field(
        default=True,
        validation_alias="BINANCE_MCP_USER_EVENTS",
        description="Whether the server receives the account's events while there is a listen key.",
    )
    events_held: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        validation_alias="BINANCE_MCP_EVENTS_HELD",
        description="How many events are held at most; the oldest make room for new ones.",
    )
    events_bytes: int = Field(
        default=8_388_608,
        ge=1024,
        validation_alias="BINANCE_MCP_EVENTS_BYTES",
        description="How many bytes of events, as Binance sent them, are held at most.",
    )
    events_file: Path | None = Field(
        default=None,
        validation_alias="BINANCE_MCP_EVENTS_FILE",
        description="SQLite file that keeps the events beyond the process. Optional.",
    )
    repair_gaps: bool = Field(
        default=True,
        validation_alias="BINANCE_MCP_REPAIR_GAPS",
        description="Whether what the stream missed is read from Binance; needs a signature.",
    )
    compare_seconds: float = Field(
        default=3600.0,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        validation_alias="BINANCE_MCP_COMPARE_SECONDS",
        description="Seconds between two comparisons of the events with Binance; 0: none.",
    )
    audit_log: Path | None = Field(
        default=None,
        validation_alias="BINANCE_MCP_AUDIT_LOG",
        description="File of the audit trail: every decision about a tool call. Optional.",
    )
    audit_key: SecretStr | None = Field(
        default=None,
        validation_alias="BINANCE_MCP_AUDIT_KEY",
        description="HMAC key that the records of the audit trail are chained with. Optional.",
    )
    host: str = Field(
        default="127.0.0.1",
        validation_alias="BINANCE_MCP_HOST",
        description="Address that `binance-mcp http` listens on; loopback only.",
    )
    port: int = Field(
        default=8000,
        ge=0,
        le=65_535,
        validation_alias="BINANCE_MCP_PORT",
        description="Port that `binance-mcp http` listens on; 0 picks a free one.",
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)
    ] = Field(
        default="INFO",
        validation_alias="BINANCE_MCP_LOG_LEVEL",
        description="Minimum level that is logged to standard error.",
    )
    log_format: Literal["plain", "json"] = Field(
        default="plain",
        validation_alias="BINANCE_MCP_LOG_FORMAT",
        description="`plain` lines or `json` (one object a line).",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read no source: `settings_sources` does, and knows where each value is from."""
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _drop_unset(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        # Programs may use field names; sources have only the variables' names.
        return {variable_of(name): value for name, value in values.items() if not is_unset(value)}

    @model_validator(mode="after")
    def _check_keepalive(self) -> Self:
        if self.keepalive_seconds + self.keepalive_jitter_seconds > _LATEST_KEEPALIVE_SECONDS:
            raise PydanticCustomError(
                "late_keepalive",
                "with BINANCE_MCP_KEEPALIVE_JITTER_SECONDS it must be at most 3300 (55 minutes), "
                "because a listen key lives 60",
                {"field": "keepalive_seconds"},
            )
        return self

    @model_validator(mode="after")
    def _check_one_credential(self) -> Self:
        if sum(bool(v) for v in (self.api_secret, self.private_key, self.private_key_file)) > 1:
            raise PydanticCustomError(
                "several_credentials",
                "set at most one of BINANCE_API_SECRET, BINANCE_PRIVATE_KEY and "
                "BINANCE_PRIVATE_KEY_FILE",
                {"field": "private_key"},
            )
        return self


def variable_of(name: str) -> str:
    """Return the variable that sets a field; of any other name, the name itself."""
    field = Settings.model_fields.get(name)
    return str(field.validation_alias) if field else name
