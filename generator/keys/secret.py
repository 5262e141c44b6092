"""The file that holds the fleet secret: recognisable, checked, optionally locked with a passphrase."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC: Final = "CAPSULE FLEET SECRET 1"
LENGTH: Final = 32
# 128 MiB and about half a second: a stolen file with a poor passphrase is still slow to guess
SCRYPT_LOG_N: Final = 17
_LARGEST_LOG_N: Final = 20  # what reading accepts: a hostile file must not ask for gigabytes
_FILE = re.compile(rf"({MAGIC}\nprotection: (.+)\nsecret: ([A-Za-z0-9+/=]+)\n)checksum: ([0-9a-f]{{16}})\n?")
_LOCKED = re.compile(r"scrypt ln=(\d{1,2}) salt=([A-Za-z0-9+/]{43}=) nonce=([A-Za-z0-9+/]{16})")


class SecretProblem(ValueError):
    """The file is not a usable fleet secret; the message says in what way and never holds a part of it."""


class WrongPassphrase(SecretProblem):
    """The file is locked, and the passphrase is missing or does not open it."""


@dataclass(frozen=True, slots=True)
class FleetSecret:
    """32 random bytes; they never show in a ``repr``."""

    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != LENGTH:
            raise SecretProblem(f"a fleet secret has {LENGTH} bytes, this one has {len(self.value)}")

    def __repr__(self) -> str:
        return "FleetSecret(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What locking needs: the passphrase, and 32 and 12 fresh random bytes."""

    passphrase: str
    salt: bytes
    nonce: bytes

    def __repr__(self) -> str:
        return "Lock(***)"


def format_secret(secret: FleetSecret, lock: Lock | None = None) -> bytes:
    """The bytes of a secret file, readable again with `parse_secret`."""
    if lock is None:
        protection, payload = "none", secret.value
    else:
        salt, nonce = base64.b64encode(lock.salt).decode(), base64.b64encode(lock.nonce).decode()
        protection = f"scrypt ln={SCRYPT_LOG_N} salt={salt} nonce={nonce}"
        key = _stretch(lock.passphrase, lock.salt, SCRYPT_LOG_N)
        payload = ChaCha20Poly1305(key).encrypt(lock.nonce, secret.value, _bound(protection))
    body = f"{MAGIC}\nprotection: {protection}\nsecret: {base64.b64encode(payload).decode()}\n"
    return (body + f"checksum: {_checksum(body)}\n").encode()


def parse_secret(content: bytes, passphrase: str | None = None) -> FleetSecret:
    """The secret in ``content``; raises `SecretProblem`, or `WrongPassphrase` where only that is in the way."""
    text = content.decode("ascii", "replace")
    lines = text.split("\n")
    if lines[0] != MAGIC:
        raise SecretProblem("it is not a Capsule fleet secret: its first line says something else")
    found = _FILE.fullmatch(text)
    if found is None:
        raise SecretProblem("it is damaged: it does not have the four lines of a fleet secret")
    body, protection, payload, checksum = found.groups()
    if not hmac.compare_digest(_checksum(body), checksum):
        raise SecretProblem("it is damaged: its checksum does not match")
    try:
        decoded = base64.b64decode(payload, validate=True)
    except ValueError as wrong:
        raise SecretProblem("it is damaged: its base64 is not valid") from wrong
    if protection == "none":
        return FleetSecret(decoded)
    return FleetSecret(_unlock(protection, decoded, passphrase))


def _unlock(protection: str, payload: bytes, passphrase: str | None) -> bytes:
    found = _LOCKED.fullmatch(protection)
    if found is None or int(found[1]) > _LARGEST_LOG_N:
        raise SecretProblem(f"this version of Capsule does not know its protection {protection.split()[0]!r}")
    if passphrase is None:
        raise WrongPassphrase("it is locked with a passphrase, and none was given")
    key = _stretch(passphrase, base64.b64decode(found[2]), int(found[1]))
    try:
        return ChaCha20Poly1305(key).decrypt(base64.b64decode(found[3]), payload, _bound(protection))
    except InvalidTag as wrong:
        raise WrongPassphrase("the passphrase does not open it") from wrong


def _stretch(passphrase: str, salt: bytes, log_n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**log_n, r=8, p=1).derive(passphrase.encode())


def _bound(protection: str) -> bytes:
    """What the encryption vouches for beside the secret: the file's other lines cannot be exchanged."""
    return f"{MAGIC}\n{protection}".encode()


def _checksum(body: str) -> str:
    # also of a locked file's ciphertext only: it says nothing about the secret that the ciphertext does not
    return hashlib.sha256(body.encode()).hexdigest()[:16]
