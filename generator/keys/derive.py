"""Derives every key of a deployment from the fleet secret: HKDF-SHA256 to an Ed25519 seed (RFC 5869, RFC 8032)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from generator.keys.openssh import KeyPair, private_key_file, public_line
from generator.keys.secret import FleetSecret
from generator.plan import Edge

DERIVATION = "capsule-key-1"  # a change of anything below is a new version: every key would change
SEAL_PURPOSE = "seal"


class Keyring:
    """The keys of one deployment; each is derived when it is first asked for."""

    def __init__(self, secret: FleetSecret, deployment: str) -> None:
        self._secret = secret
        self._deployment = deployment
        self._pairs: dict[Edge, KeyPair] = {}

    def private_key(self, edge: Edge) -> bytes:
        """The OpenSSH private key file of ``edge``."""
        comment = f"capsule {self._deployment} {edge.client}:{edge.name}:{edge.epoch}"
        return private_key_file(self._pair(edge), comment)

    def public_key(self, edge: Edge) -> str:
        """``ssh-ed25519 base64`` of ``edge``."""
        return public_line(self._pair(edge).public)

    def signer(self) -> KeyPair:
        """The key that signs the deployment's seal."""
        return self._derive(SEAL_PURPOSE)

    def _pair(self, edge: Edge) -> KeyPair:
        pair = self._pairs.get(edge)
        if pair is None:
            parts = (edge.purpose, edge.client, edge.account, edge.server, edge.capsule, str(edge.epoch))
            pair = self._pairs[edge] = self._derive(*parts)
        return pair

    def _derive(self, *parts: str) -> KeyPair:
        info = b"".join(
            # each part with its length, so that no two lists of parts run together to the same bytes
            len(encoded).to_bytes(4, "big") + encoded
            for encoded in (part.encode() for part in (DERIVATION, self._deployment, *parts))
        )
        seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret.value)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        return KeyPair(seed=seed, public=public.public_bytes(Encoding.Raw, PublicFormat.Raw))
