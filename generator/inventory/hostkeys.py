"""OpenSSH public keys as the inventory pins them."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from functools import lru_cache

# Key types that OpenSSH serves by default, and the length of the ones that have a fixed one.
BLOB_LENGTHS = {
    "ssh-ed25519": 51,
    "ecdsa-sha2-nistp256": 104,
    "ecdsa-sha2-nistp384": 136,
    "ecdsa-sha2-nistp521": 172,
    "ssh-rsa": None,
}
SHORTEST_RSA = 2048
# The armour of any private key, and how the contents of OpenSSH's own begin.
PRIVATE = re.compile(r"PRIVATE KEY|b3BlbnNzaC1rZXktdjEA")


class BadPublicKey(ValueError):
    """The text is no OpenSSH public key."""


class PrivateKeyShown(BadPublicKey):
    """The text is a private key, or a part of one."""


@lru_cache(maxsize=65536)
def parse_public_key(text: str) -> str:
    """``type base64`` of a public key line, its comment dropped; raises `BadPublicKey` with what is wrong."""
    if PRIVATE.search(text):
        raise PrivateKeyShown("this is a PRIVATE key: whoever reads the inventory can pose as the node")
    parts = text.split()
    if len(parts) < 2:
        raise BadPublicKey("a public key is a type and a base64 text, as in /etc/ssh/ssh_host_ed25519_key.pub")
    kind, encoded = parts[0], parts[1]
    if kind not in BLOB_LENGTHS:
        raise BadPublicKey(f"`{kind}` is not a key type; there is: {', '.join(sorted(BLOB_LENGTHS))}")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadPublicKey("the key's base64 is damaged; was it cut short?") from None
    if base64.b64encode(blob).decode() != encoded:
        raise BadPublicKey("the key's base64 is damaged; was it cut short?")
    fields = _fields(blob)
    if not fields or fields[0] != kind.encode():
        raise BadPublicKey(f"the key says {kind}, and its contents say otherwise")
    expected = BLOB_LENGTHS[kind]
    if expected is not None and len(blob) != expected:
        raise BadPublicKey(f"a {kind} key has {expected} bytes, this one {len(blob)}")
    if kind == "ssh-rsa" and (len(fields) != 3 or int.from_bytes(fields[2], "big").bit_length() < SHORTEST_RSA):
        raise BadPublicKey(f"an RSA key needs {SHORTEST_RSA} bits or more")
    return f"{kind} {encoded}"


def _fields(blob: bytes) -> list[bytes]:
    fields = []
    offset = 0
    while offset + 4 <= len(blob):
        (length,) = struct.unpack_from(">I", blob, offset)
        offset += 4
        if offset + length > len(blob):
            return []
        fields.append(blob[offset : offset + length])
        offset += length
    return fields if offset == len(blob) else []
