"""SSH signatures over a manifest (PROTOCOL.sshsig), made and checked without ssh-keygen; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from generator.keys.openssh import (
    ALGORITHM,
    KeyPair,
    Malformed,
    armor,
    parse_public_blob,
    public_blob,
    read_string,
    string,
    unarmor,
)

NAMESPACE = "capsule-seal"  # a signature made for anything else, mail or git, does not count as a seal
_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_HASH = b"sha512"
_LABEL = "SSH SIGNATURE"


class SignatureProblem(ValueError):
    """The signature is damaged, does not fit, or was made with a key that is not accepted."""


def sign(message: bytes, signer: KeyPair) -> bytes:
    """The armored signature of ``message``; Ed25519 signs without randomness, so equal input gives equal bytes."""
    key = Ed25519PrivateKey.from_private_bytes(signer.seed)
    signature = string(ALGORITHM) + string(key.sign(_signed_data(message)))
    fields = (public_blob(signer.public), NAMESPACE.encode(), b"", _HASH, signature)
    return armor(_LABEL, _MAGIC + _VERSION + b"".join(map(string, fields)))


def verify_signature(message: bytes, signature: bytes, accepted: Collection[bytes]) -> bytes:
    """The 32-byte public key that signed ``message``, which must be in ``accepted``; raises `SignatureProblem`."""
    try:
        public, value = _parse(unarmor(_LABEL, signature))
    except Malformed as wrong:
        raise SignatureProblem(f"the signature is damaged: {wrong}") from wrong
    if public not in accepted:
        raise SignatureProblem("it was signed with a key that is not an accepted signer")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(value, _signed_data(message))
    except InvalidSignature as wrong:
        raise SignatureProblem("the signature does not fit the manifest: one of the two was changed") from wrong
    return public


def signer_of(signature: bytes) -> bytes:
    """The 32-byte public key that ``signature`` says made it, believed by nobody yet; raises `SignatureProblem`."""
    try:
        return _parse(unarmor(_LABEL, signature))[0]
    except Malformed as wrong:
        raise SignatureProblem(f"the signature is damaged: {wrong}") from wrong


def allowed_signers(deployment: str, public_lines: Iterable[str]) -> bytes:
    """The file that ``ssh-keygen -Y verify -f`` wants; the principal is the deployment's name."""
    return "".join(f'{deployment} namespaces="{NAMESPACE}" {line}\n' for line in public_lines).encode()


def _signed_data(message: bytes) -> bytes:
    digest = hashlib.sha512(message).digest()
    return _MAGIC + b"".join(map(string, (NAMESPACE.encode(), b"", _HASH, digest)))


def _parse(body: bytes) -> tuple[bytes, bytes]:
    """Public key and raw signature of an SSHSIG body."""
    start = len(_MAGIC + _VERSION)
    if body[:start] != _MAGIC + _VERSION:
        raise Malformed("it is not a version 1 SSHSIG")
    fields = []
    offset = start
    for _ in range(5):
        field, offset = read_string(body, offset)
        fields.append(field)
    blob, namespace, reserved, hash_name, signature = fields
    if offset != len(body) or (namespace, reserved, hash_name) != (NAMESPACE.encode(), b"", _HASH):
        raise Malformed(f"it is not a {_HASH.decode()} signature for {NAMESPACE}")
    algorithm, offset = read_string(signature, 0)
    value, end = read_string(signature, offset)
    if algorithm != ALGORITHM or end != len(signature):
        raise Malformed("it is not an Ed25519 signature")
    return parse_public_blob(blob), value
