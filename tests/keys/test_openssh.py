"""Key files and derivation: OpenSSH itself must read what we write."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from hypothesis import given
from hypothesis import strategies as st

from generator.keys import FleetSecret, Keyring
from generator.keys.openssh import Malformed, armor, parse_public_line, public_line, unarmor
from generator.plan import Edge

EDGE = Edge(purpose="collect", client="store", account="capsule-1", server="web", capsule="send_nightly")


def keyring(seed: bytes = b"s", deployment: str = "kaizen") -> Keyring:
    return Keyring(FleetSecret(seed * 32), deployment)


def test_ssh_keygen_reads_the_private_key_as_the_public_one(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(keyring().private_key(EDGE))
    file.chmod(0o600)
    said = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True).stdout
    assert said.split()[:2] == keyring().public_key(EDGE).split()
    assert said.split(maxsplit=2)[2].strip() == "capsule kaizen store:web.send_nightly:1"


def test_the_library_reads_the_private_key() -> None:
    load_ssh_private_key(keyring().private_key(EDGE), password=None)


def test_equal_inputs_give_equal_bytes() -> None:
    assert keyring().private_key(EDGE) == keyring().private_key(EDGE)


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": "restore"},
        {"client": "stor", "account": "ecapsule-1"},
        {"account": "root"},
        {"server": "websend_nightly", "capsule": ""},
        {"capsule": "send_weekly"},
        {"epoch": 2},
    ],
)
def test_every_part_of_an_edge_counts(other: dict[str, str]) -> None:
    assert keyring().public_key(EDGE) != keyring().public_key(replace(EDGE, **other))


def test_secret_and_deployment_count() -> None:
    keys = {
        keyring().public_key(EDGE),
        keyring(b"t").public_key(EDGE),
        keyring(deployment="uat-kaizen").public_key(EDGE),
        public_line(keyring().signer().public),
    }
    assert len(keys) == 4


@given(st.binary(min_size=1, max_size=300))
def test_armor_comes_off_again(body: bytes) -> None:
    assert unarmor("X", armor("X", body)) == body


@pytest.mark.parametrize("line", ["", "ssh-rsa AAAA", "ssh-ed25519 %%%%", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="])
def test_other_public_keys_are_refused(line: str) -> None:
    with pytest.raises(Malformed):
        parse_public_line(line)


def test_no_private_byte_shows() -> None:
    pair = keyring().signer()
    assert pair.seed.hex() not in repr(pair)
    assert "s" * 8 not in repr(FleetSecret(b"s" * 32))
