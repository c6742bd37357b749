import json
import signal

import httpx2 as httpx

from tests.cli.processes import ended, posix, running


@posix
def test_sandbox_prints_its_urls_and_credentials_and_serves_until_a_signal() -> None:
    with running("sandbox") as process:
        assert process.stdout
        sandbox = json.loads(process.stdout.readline())
        time = httpx.get(f"{sandbox['restUrl']}/fapi/v1/time", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[:2] == (0, "")
    assert time.json().keys() == {"serverTime"}
    assert sandbox.keys() == {"restUrl", "streamUrl", "apiKey", "apiSecret"}
    assert sandbox["streamUrl"] == sandbox["restUrl"].replace("http", "ws")


def test_sandbox_listen_key_seconds_sets_the_validity_of_listen_keys() -> None:
    with running("sandbox", "--listen-key-seconds", "1e-9") as process:
        assert process.stdout
        sandbox = json.loads(process.stdout.readline())
        with httpx.Client(
            base_url=sandbox["restUrl"],
            headers={"X-MBX-APIKEY": sandbox["apiKey"]},
            trust_env=False,
        ) as client:
            assert client.post("/fapi/v1/listenKey").status_code == 200
            assert client.put("/fapi/v1/listenKey").json()["code"] == -1125
