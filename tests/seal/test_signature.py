"""SSHSIG: stock ssh-keygen accepts ours, and we refuse everything that was changed."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.keys import FleetSecret, Keyring
from generator.keys.openssh import armor, public_line, unarmor
from generator.seal import NAMESPACE, SignatureProblem, allowed_signers, sign, verify_signature

SIGNER = Keyring(FleetSecret(b"k" * 32), "kaizen").signer()
STRANGER = Keyring(FleetSecret(b"x" * 32), "kaizen").signer()
MESSAGE = b'{"format": 1}\n'


def ssh_keygen_accepts(directory: Path, message: bytes, signature: bytes, namespace: str = NAMESPACE) -> bool:
    (directory / "sig").write_bytes(signature)
    (directory / "allowed").write_bytes(allowed_signers("kaizen", [public_line(SIGNER.public)]))
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "kaizen", "-n", namespace, "-s", "sig"]
    return subprocess.run(command, cwd=directory, input=message, capture_output=True).returncode == 0


def test_ssh_keygen_accepts_the_seal_and_nothing_else(tmp_path: Path) -> None:
    assert ssh_keygen_accepts(tmp_path, MESSAGE, sign(MESSAGE, SIGNER))
    assert not ssh_keygen_accepts(tmp_path, MESSAGE + b" ", sign(MESSAGE, SIGNER))
    assert not ssh_keygen_accepts(tmp_path, MESSAGE, sign(MESSAGE, STRANGER))
    assert not ssh_keygen_accepts(tmp_path, MESSAGE, sign(MESSAGE, SIGNER), namespace="git")


def test_we_accept_what_ssh_keygen_signs(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE], input=MESSAGE, check=True, capture_output=True
    )
    signature = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE], input=MESSAGE, check=True, capture_output=True
    ).stdout
    blob = base64.b64decode(key.with_suffix(".pub").read_text().split()[1])
    assert verify_signature(MESSAGE, signature, {blob[-32:]}) == blob[-32:]


def test_the_signer_is_given_back() -> None:
    assert verify_signature(MESSAGE, sign(MESSAGE, SIGNER), {SIGNER.public, STRANGER.public}) == SIGNER.public


def test_a_stranger_is_refused() -> None:
    with pytest.raises(SignatureProblem, match="not an accepted signer"):
        verify_signature(MESSAGE, sign(MESSAGE, STRANGER), {SIGNER.public})


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_of_the_signature_is_accepted(position: int, change: int) -> None:
    body = bytearray(unarmor("SSH SIGNATURE", sign(MESSAGE, SIGNER)))
    body[position % len(body)] ^= change
    with pytest.raises(SignatureProblem):
        verify_signature(MESSAGE, armor("SSH SIGNATURE", bytes(body)), {SIGNER.public})


@given(st.binary(max_size=80))
def test_no_other_message_is_accepted(message: bytes) -> None:
    if message != MESSAGE:
        with pytest.raises(SignatureProblem):
            verify_signature(message, sign(MESSAGE, SIGNER), {SIGNER.public})
