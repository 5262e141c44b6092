"""The secret's file: it reads back, and whatever is not a whole secret is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.keys import FleetSecret, SecretProblem, WrongPassphrase, format_secret, parse_secret
from generator.keys import secret as module
from generator.keys.files import create_private_file
from generator.keys.secret import Lock

SECRET = FleetSecret(bytes(range(32)))
LOCK = Lock(passphrase="correct horse", salt=b"\1" * 32, nonce=b"\2" * 12)


@pytest.fixture(autouse=True)
def _cheap_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCRYPT_LOG_N", 4)


@given(st.binary(min_size=32, max_size=32))
def test_a_secret_reads_back(value: bytes) -> None:
    assert parse_secret(format_secret(FleetSecret(value))).value == value


def test_a_locked_secret_opens_with_its_passphrase_only() -> None:
    content = format_secret(SECRET, LOCK)
    assert parse_secret(content, "correct horse") == SECRET
    for wrong in ("correct hors", "", None):
        with pytest.raises(WrongPassphrase):
            parse_secret(content, wrong)


@settings(deadline=None, max_examples=60)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255), st.booleans())
def test_no_changed_byte_goes_unnoticed(position: int, change: int, locked: bool) -> None:
    content = bytearray(format_secret(SECRET, LOCK if locked else None).rstrip(b"\n"))
    content[position % len(content)] ^= change
    with pytest.raises(SecretProblem):
        parse_secret(bytes(content), "correct horse")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first line"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "first line"),
        (b"CAPSULE FLEET SECRET 1\nprotection: none\n", "four lines"),
        (b"\xff\xfe\0binary", "first line"),
    ],
)
def test_foreign_files_are_recognised(content: bytes, said: str) -> None:
    with pytest.raises(SecretProblem, match=said):
        parse_secret(content)


def test_a_file_cannot_ask_for_gigabytes() -> None:
    body = format_secret(SECRET, LOCK).decode().replace("ln=4", "ln=40").rpartition("checksum")[0]
    with pytest.raises(SecretProblem, match="does not know its protection"):
        parse_secret((body + f"checksum: {module._checksum(body)}\n").encode(), "correct horse")


def test_messages_never_hold_the_secret() -> None:
    content = format_secret(SECRET)
    for cut in range(0, len(content), 7):
        try:
            parse_secret(content[:cut])
        except SecretProblem as problem:
            assert content.split(b"secret: ")[1][:8].decode() not in str(problem)


def test_a_new_file_is_private_and_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "kaizen.secret"
    create_private_file(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        create_private_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
