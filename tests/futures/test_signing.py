from typing import Final
from urllib.parse import parse_qsl, unquote

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.signing import (
    Signer,
    Verifier,
    hmac_signer,
    hmac_verifier,
    private_key_signer,
    public_key_verifier,
    signed_query,
)

# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
FUTURES_SECRET: Final = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
# https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md
SPOT_SECRET: Final = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
TIMES: Final = "recvWindow=5000&timestamp=1591702613943"
SPOT_ORDER: Final = "side=BUY&type=LIMIT&timeInForce=GTC"
SPOT_PRICE: Final = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
HMAC_EXAMPLES: Final = [
    (
        FUTURES_SECRET,
        f"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&{TIMES}",
        "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
    ),
    (
        SPOT_SECRET,
        f"symbol=LTCBTC&{SPOT_ORDER}&{SPOT_PRICE}",
        "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    ),
    (
        SPOT_SECRET,
        f"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&{SPOT_ORDER}&{SPOT_PRICE}",
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
    (
        SPOT_SECRET,
        f"symbol=LTCBTC&{SPOT_ORDER}{SPOT_PRICE}",  # query and body, nothing between
        "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
    ),
]

# https://github.com/binance/binance-spot-api-docs/blob/master/fix-api.md
ED25519_KEY: Final = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
-----END PRIVATE KEY-----
"""
ED25519_PUBLIC_KEY: Final = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGUIKv9dSpWXBViXp2m6vAIb8QMFJYBgyFEQsFJlqgA0=
-----END PUBLIC KEY-----
"""
ED25519_ORDER: Final = "side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2"
ED25519_EXAMPLES: Final = [
    (
        "A\x01EXAMPLE\x01SPOT\x011\x0120240627-11:17:25.223",  # the only one that is published
        "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==",
    ),
    (
        f"symbol=BTCUSDT&{ED25519_ORDER}&timestamp=1668481559918&recvWindow=5000",
        "inDT086KVIP8vgUfw5sV3VTkescWztiAGlf4x8FLKHM4NInsn0c1kYVLoGMO8cyjfR6vmTku2YQE0gtfVVlfCw==",
    ),
    (
        "timestamp=1591702613943",
        "hHiQYz8TwEmv2/ylRrehdRkvD2ZFXYDw5i1cqVayZJsEGm1GEjzVCXvwDmcPCwf4PLi45MrMkkZNew2UOTcZBg==",
    ),
]
ENCRYPTED_KEY: Final = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj/nT8QJF+q+QICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEN6OgObasaz/K3pd/hu7JeIEQKxO
v9/dOO+hyM4n5zCR496qfX9CJ2GobmzizJHZqr423nyGx+yUrKCvGXmnEcxkvMQJ
CokU7jTZpS06X1BEAgg=
-----END ENCRYPTED PRIVATE KEY-----
"""
PASSPHRASE: Final = "correct horse"
RSA_KEY: Final = """\
-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCtITUj0cGMAWa6
cwToGgEj1yFTJoJulIQAmNb9f+KHHukbELAjPYyuMNegh5D4VLr1kPfIP18muMkC
b0Uaov21iIGJrCt4gpqpyAP8c0MUUeDqMkNAxrn0cJA8LGRZYrNbs466kWaHZs8p
1bJ00nfmZzb6NG9XfKKKuQmXYrKn7+RbumdHJ1/fTOX/apFcfjwBSVZVmRt2zdGQ
8S/VcgXeuweNTA4h4AAZIoh78arE4oJililViIPwbk3135rYtZSPaoqU4TzDXPjp
CxwWvvLxVYm5NNYsEKy6cGcMo6W/t0aDD13PWgPKN2aZFw1/UV+USl/b69cm9upx
4ontZfFbAgMBAAECggEABYnQ6d7tap2m3CMOzp/6Vlus8LyEIqZ0nJJHGl/rbrgh
6+A6Sj5PUEk2tKdxj0ginPVwv8KrOBFkOMQ3eTUqmZKO1kkgMOA4s2K3Ie3MAQvn
foZyGVHiI/wv2QTwht198FqLn9ND7OPwj52K8mrDNCcsHo/r2egeSQLHWETrgyy/
ZLa2IOXiJJhHecr4ThZJ/9zGTs9Sl00ig6B5lnnbS6YP2SKNU5tUco6bxFQClYw0
izgTAD4w9rTVat1jqzZUlNuCDpNFaUdf8ATZfcHUYxXLp/P3CHJIJW1Zwhv4mwqU
DzK64YkgXzajo3vKotIG2UM504z2cKYrP3x4NtzbAQKBgQDk0ta9gG4mntiL6Wew
7I0YDsf6X4QjsRywRnNGe9FbO2NK0bENTfT+R9P0nsmZ871LKqXoph8NIl4BC/PM
CDEKi9xk5DQsy1yCBpnRTpTshlAwBwIhy/dzUbztrrN5LZAp0jHVSLO9RQRjhj2Y
5SWdMGKfELah5TcDVfYdItP0WwKBgQDBsQzVO8NK5io5OuUCYFyVy3VPjpRHIKKP
hdZ5kONtN4nc8gRTiWmwFHWsefiD5Z/NHZwX3MBw5Sq4xa22MoJ9DCcoyzHLtEIC
luIuEstP/6pZqm3txu+yNakC3aKrj98OTzRXthZxdf7UK0eVIWLPPMKusCAlPzus
DP/wFAKHAQKBgBdmcEtkzN7qM57rOY1gQ3WIXW7/QZYc0KA+NB+rHdfElPzbwM1p
gXpXghdr/ZXe1SbQr7LA+j/vmcllnYLp+4nmj51JsQQ7r7QkVKqQ7K3bdmvS66bl
IuMKItXznarwu+Nq+WmkS605V5+N5NKz7ErM3ekCXorj0+Jlcgu8ugwtAoGAXoS0
m3W/dlRdNHJOANvfMmYHyBvutcryKRGJuOcAZHKevwgHHnDG91r0lYcrw8mRMroJ
Swe5jR33vBUTEP8S+Eyu61RE53/+Wl8g3pTjTBWaHolxfX//xjozUKexUwExOz1h
cI/14cZP5V99XgPdwP2Ij1B5T1PNHcd2OcS5+wECgYBBTBTNM4OX4RTKena4ct3O
yGGBir+xVDIX/lQ8SO4Hr7Xvrm5fEoIuoXhbCd4MhLFLAk8hSKn8+bRZuQgH4vi0
hv2sTyNnEBbmzBRw9d3fyNuA5+nDGo99tYyfuE1TlyDgNdLQjCuC5ndawlXFFewK
p+jO5sinIGRZ7QLf6/N6fA==
-----END PRIVATE KEY-----
"""
RSA_PUBLIC_KEY: Final = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArSE1I9HBjAFmunME6BoB
I9chUyaCbpSEAJjW/X/ihx7pGxCwIz2MrjDXoIeQ+FS69ZD3yD9fJrjJAm9FGqL9
tYiBiawreIKaqcgD/HNDFFHg6jJDQMa59HCQPCxkWWKzW7OOupFmh2bPKdWydNJ3
5mc2+jRvV3yiirkJl2Kyp+/kW7pnRydf30zl/2qRXH48AUlWVZkbds3RkPEv1XIF
3rsHjUwOIeAAGSKIe/GqxOKCYpYpVYiD8G5N9d+a2LWUj2qKlOE8w1z46QscFr7y
8VWJuTTWLBCsunBnDKOlv7dGgw9dz1oDyjdmmRcNf1FflEpf2+vXJvbqceKJ7WXx
WwIDAQAB
-----END PUBLIC KEY-----
"""
# Of `timestamp=1591702613943`, by OpenSSL.
RSA_SIGNATURE: Final = (
    "Rrp8QWXtXr1/H4WF6RXjnyRsfJMD5Hzd4m/7jjq6Rh26Lw8e0d6KJpvD/lAeGzqgRL623jbBNa/bHdJi7qGTsIGZ"
    "5XGXvMWi9CtJ8QJB1/mYfKECRYo1kq/hgdSjz/KYuOcH0fdOddlOW2A7LzNxFQUQJJ1YEPaJ1H4HtRP0XWkljvsA"
    "osS5lqDMB+JinlKWXgw8AaZI2Ga9Z6VD8lQiQ9lpFZEZWRVfIkI19ATZjS2yHEhzoTIqLhaNeW6iQJlsRUNLRm5F"
    "r+m6PqLgwe9qHjJH953IExvRTlFObXKBQLMRB2UKaoXAR5SRh0FPQlUV/7FZ0RW3eXeWTfi9tODxrA=="
)
EC_KEY: Final = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+lL9K/h4/p96MTxo
Da1WrzWffEkzna04sXq6IolBLcChRANCAARq8oGA99/MxYVgf8jxXMN8rUlGBpYY
cFniQ4kvIK1Uu73teE0OvRSPKJ1dNgsQ5PVvclwMtNvVz6p5lAvTJrUj
-----END PRIVATE KEY-----
"""
EC_PUBLIC_KEY: Final = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEavKBgPffzMWFYH/I8VzDfK1JRgaW
GHBZ4kOJLyCtVLu97XhNDr0UjyidXTYLEOT1b3JcDLTb1c+qeZQL0ya1Iw==
-----END PUBLIC KEY-----
"""
# Well-formed, with an algorithm that nobody has: 1.2.3.4.
UNKNOWN_KEY: Final = (
    "-----BEGIN PRIVATE KEY-----\nMBECAQAwBwYDKgMEBQAEA2FiYw==\n-----END PRIVATE KEY-----\n"
)
UNKNOWN_PUBLIC_KEY: Final = (
    "-----BEGIN PUBLIC KEY-----\nMA8wBwYDKgMEBQADBABhYmM=\n-----END PUBLIC KEY-----\n"
)

UNREADABLE: Final = (
    "not a private key in PEM (-----BEGIN PRIVATE KEY-----), or its passphrase is wrong"
)

queries = st.dictionaries(st.text(), st.text() | st.integers())


@pytest.mark.parametrize(("secret", "payload", "signature"), HMAC_EXAMPLES)
def test_a_secret_signs_the_examples_that_binance_publishes(
    secret: str, payload: str, signature: str
) -> None:
    assert hmac_signer(secret)(payload) == signature


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (
            "timestamp=1591702613943",
            "84901bbeed96ffa9adf9995c40fcadcb0a9ddad37c2605ce82491f2c771077a6",
        ),
        (
            "recvWindow=5000&timestamp=1591702613943",
            "5581570ecf76b9b74c6f1a66ef6520c2959a75c32641affb2634d655d6e64db8",
        ),
        (
            "timestamp=1591702613943&recvWindow=5000",
            "b944ea46b707ca97ae6956c3e381b0ceaf517dac418a6d64af1fb3b0e878d11d",
        ),
    ],
)
def test_a_signed_query_keeps_the_order_of_its_parameters(query: str, signature: str) -> None:
    signed = signed_query(dict(parse_qsl(query)), hmac_signer(FUTURES_SECRET))

    assert signed == f"{query}&signature={signature}"


@pytest.mark.parametrize(("payload", "signature"), ED25519_EXAMPLES)
def test_an_ed25519_key_signs_in_base64(payload: str, signature: str) -> None:
    assert private_key_signer(ED25519_KEY)(payload) == signature
    assert public_key_verifier(ED25519_PUBLIC_KEY)(payload, signature)


def test_an_rsa_key_signs_in_base64() -> None:
    assert private_key_signer(RSA_KEY)("timestamp=1591702613943") == RSA_SIGNATURE
    assert public_key_verifier(RSA_PUBLIC_KEY)("timestamp=1591702613943", RSA_SIGNATURE)


def test_a_signature_in_base64_is_percent_encoded_in_the_query() -> None:
    query = signed_query({"timestamp": 1591702613943}, private_key_signer(ED25519_KEY))

    assert query.startswith("timestamp=1591702613943&signature=hHiQYz8TwEmv2%2FylRrehd")
    assert query.endswith("PLi45MrMkkZNew2UOTcZBg%3D%3D")


def test_the_right_passphrase_opens_an_encrypted_key() -> None:
    signer = private_key_signer(ENCRYPTED_KEY, PASSPHRASE)

    assert signer("a") == private_key_signer(ED25519_KEY)("a")


@pytest.mark.parametrize(
    ("pem", "passphrase", "reason"),
    [
        (ENCRYPTED_KEY, "wrong horse", UNREADABLE),
        (ENCRYPTED_KEY, None, "the private key needs its passphrase"),
        (ENCRYPTED_KEY, "", "the private key needs its passphrase"),
        (ED25519_KEY, PASSPHRASE, "the private key has no passphrase, but one is given"),
        (EC_KEY, None, "the private key is neither RSA nor Ed25519"),
        (UNKNOWN_KEY, None, UNREADABLE),
        (ED25519_PUBLIC_KEY, None, UNREADABLE),
        (ED25519_KEY.replace("MC4C", "MC4D"), None, UNREADABLE),
        (FUTURES_SECRET, None, UNREADABLE),
        ("", None, UNREADABLE),
        ("\ud800", None, UNREADABLE),
    ],
)
def test_a_private_key_that_cannot_be_used_is_refused_without_a_word_of_it(
    pem: str, passphrase: str | None, reason: str
) -> None:
    with pytest.raises(ValueError, match="private key") as refused:
        private_key_signer(pem, passphrase)

    assert str(refused.value) == reason


@pytest.mark.parametrize("pem", [EC_PUBLIC_KEY, UNKNOWN_PUBLIC_KEY])
def test_a_public_key_of_another_kind_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match=r"^the public key is neither RSA nor Ed25519$"):
        public_key_verifier(pem)


@pytest.mark.parametrize("pem", ["", FUTURES_SECRET, ED25519_KEY])
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        public_key_verifier(pem)


@pytest.mark.parametrize("pem", [ED25519_PUBLIC_KEY, RSA_PUBLIC_KEY])
@pytest.mark.parametrize("signature", ["", "YQ==", "YQ", "é", RSA_SIGNATURE[:-4]])
def test_what_is_no_signature_does_not_pass(pem: str, signature: str) -> None:
    assert public_key_verifier(pem)("timestamp=1", signature) is False


def test_a_signature_with_anything_else_in_it_does_not_pass() -> None:
    payload, signature = ED25519_EXAMPLES[0]

    assert not public_key_verifier(ED25519_PUBLIC_KEY)(payload, f"{signature[:9]} {signature[9:]}")


def test_the_case_of_a_hexadecimal_signature_does_not_matter() -> None:
    signature = hmac_signer(FUTURES_SECRET)("a")

    assert hmac_verifier(FUTURES_SECRET)("a", signature.upper())
    assert not hmac_verifier(FUTURES_SECRET)("a", signature[:-1])
    assert not hmac_verifier(FUTURES_SECRET)("a", "é")


@pytest.mark.parametrize(
    ("signer", "verify"),
    [
        (hmac_signer(FUTURES_SECRET), hmac_verifier(FUTURES_SECRET)),
        (private_key_signer(ED25519_KEY), public_key_verifier(ED25519_PUBLIC_KEY)),
        (private_key_signer(RSA_KEY), public_key_verifier(RSA_PUBLIC_KEY)),
    ],
    ids=["HMAC", "Ed25519", "RSA"],
)
@given(parameters=queries)
def test_the_bytes_before_the_signature_are_the_parameters_and_what_was_signed(
    signer: Signer, verify: Verifier, parameters: dict[str, str | int]
) -> None:
    payload, _, signature = signed_query(parameters, signer).rpartition("&signature=")

    assert parse_qsl(payload, keep_blank_values=True) == [
        (name, str(value)) for name, value in parameters.items()
    ]
    assert verify(payload, unquote(signature))
    assert not verify(f"{payload}0", unquote(signature))


@given(parameters=queries)
def test_httpx_sends_the_signed_bytes_unchanged(parameters: dict[str, str | int]) -> None:
    target = f"/fapi/v1/listenKey?{signed_query(parameters, private_key_signer(ED25519_KEY))}"

    request = httpx.Request("POST", f"https://fapi.binance.com{target}")

    assert request.url.raw_path == target.encode()
