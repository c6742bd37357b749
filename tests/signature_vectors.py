"""Known answers of signatures, and keys to make them with."""

from typing import Final

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
