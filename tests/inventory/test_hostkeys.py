from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from generator.inventory.hostkeys import BadPublicKey, parse_public_key
from tests.inventory.fleets import KEYS


def line(key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey | dsa.DSAPublicKey) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        ec.generate_private_key(ec.SECP521R1()).public_key(),
        rsa.generate_private_key(65537, 2048).public_key(),
    ],
    ids=["ed25519", "p256", "p384", "p521", "rsa"],
)
def test_every_type_is_read_and_its_comment_dropped(key: ed25519.Ed25519PublicKey) -> None:
    assert parse_public_key(f"  {line(key)} root@somewhere ") == line(key)


def test_small_rsa_keys_are_refused() -> None:
    with pytest.raises(BadPublicKey, match="2048"):
        parse_public_key(line(rsa.generate_private_key(65537, 1024).public_key()))


@pytest.mark.parametrize("cut", range(0, len(KEYS[0]), 3))
def test_a_key_that_was_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(BadPublicKey):
        parse_public_key(KEYS[0][:cut])


@pytest.mark.parametrize(
    "text",
    [
        KEYS[0].replace("ssh-ed25519", "ssh-rsa"),
        KEYS[0].replace("ssh-ed25519", "ssh-dss"),
        KEYS[0][:-1] + "!",
        "ssh-ed25519 " + base64.b64encode(base64.b64decode(KEYS[0].split()[1]) + b"x").decode(),
        "ssh-ed25519-cert-v01@openssh.com AAAA",
        "[10.0.0.1]:22 " + KEYS[0],
    ],
)
def test_what_disagrees_with_itself_is_refused(text: str) -> None:
    with pytest.raises(BadPublicKey):
        parse_public_key(text)
