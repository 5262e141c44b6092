"""OpenSSH's wire and file formats for Ed25519 keys, written byte for byte (PROTOCOL.key, RFC 4253, RFC 8709)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

ALGORITHM = b"ssh-ed25519"
_MAGIC = b"openssh-key-v1\0"
_BLOCK = 8  # block size of the cipher "none"
_LINE = 70  # as ssh-keygen wraps


class Malformed(ValueError):
    """The bytes are not what they should be; the message says in what way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """An Ed25519 key pair: 32 bytes each, the private one as the seed of RFC 8032."""

    seed: bytes
    public: bytes

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public.hex()})"


def string(value: bytes) -> bytes:
    """An SSH ``string``: length in four bytes, then the value."""
    return len(value).to_bytes(4, "big") + value


def read_string(data: bytes, offset: int) -> tuple[bytes, int]:
    """The SSH ``string`` at ``offset`` and where the next field starts; raises `Malformed` at a short one."""
    start = offset + 4
    end = start + int.from_bytes(data[offset:start], "big")
    if start > len(data) or end > len(data):
        raise Malformed("a field is longer than the data")
    return data[start:end], end


def public_blob(public: bytes) -> bytes:
    """The public key as ssh sends it."""
    return string(ALGORITHM) + string(public)


def public_line(public: bytes) -> str:
    """``ssh-ed25519 base64``, without a comment."""
    return f"{ALGORITHM.decode()} {base64.b64encode(public_blob(public)).decode()}"


def parse_public_line(line: str) -> bytes:
    """The 32 public bytes of ``ssh-ed25519 base64 [comment]``; raises `Malformed`."""
    fields = line.split()
    if len(fields) < 2 or fields[0] != ALGORITHM.decode():
        raise Malformed("it is not an ssh-ed25519 public key")
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except ValueError as wrong:
        raise Malformed("its base64 is damaged") from wrong
    return parse_public_blob(blob)


def public_halves(content: bytes) -> tuple[str, ...]:
    """``ssh-ed25519 base64`` of each line that is no comment; raises `Malformed`."""
    lines = content.decode("ascii", "replace").splitlines()
    return tuple(public_line(parse_public_line(line)) for line in lines if not line.startswith("#"))


def parse_public_blob(blob: bytes) -> bytes:
    """The 32 public bytes of a blob; raises `Malformed`."""
    algorithm, offset = read_string(blob, 0)
    public, end = read_string(blob, offset)
    if algorithm != ALGORITHM or len(public) != 32 or end != len(blob):
        raise Malformed("it is not an ssh-ed25519 public key")
    return public


def fingerprint(public: bytes) -> str:
    """``SHA256:…`` as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(public_blob(public)).digest()).decode().rstrip("=")


def private_key_file(pair: KeyPair, comment: str) -> bytes:
    """An unencrypted ``OPENSSH PRIVATE KEY`` file; equal arguments give equal bytes."""
    # the two check integers only show that decryption went well: OpenSSH draws them, here they are derived
    check = hashlib.sha256(b"check" + pair.public).digest()[:4]
    private = check + check + string(ALGORITHM) + string(pair.public) + string(pair.seed + pair.public)
    private += string(comment.encode())
    private += bytes(range(1, 1 + -len(private) % _BLOCK))
    none = string(b"none") + string(b"none") + string(b"")
    body = _MAGIC + none + (1).to_bytes(4, "big") + string(public_blob(pair.public)) + string(private)
    return armor("OPENSSH PRIVATE KEY", body)


def armor(label: str, body: bytes) -> bytes:
    """``body`` as OpenSSH writes its files: base64 between BEGIN and END lines."""
    text = base64.b64encode(body).decode()
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode()


def unarmor(label: str, text: bytes) -> bytes:
    """The body of an armored file; raises `Malformed`."""
    lines = text.decode("ascii", "replace").splitlines()
    if len(lines) < 3 or lines[0] != f"-----BEGIN {label}-----" or lines[-1] != f"-----END {label}-----":
        raise Malformed(f"it is not a file with one {label}")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except ValueError as wrong:
        raise Malformed("its base64 is damaged") from wrong
