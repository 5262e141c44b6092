"""The seal: manifests of every artifact, and one signature that stock ``ssh-keygen -Y verify`` accepts."""

from generator.seal.json_lines import ManifestProblem
from generator.seal.manifest import (
    Artifact,
    BuildFile,
    FleetManifest,
    NodeManifest,
    parse_fleet_manifest,
    parse_node_manifest,
    seal_node,
    write_fleet_manifest,
    write_node_manifest,
)
from generator.seal.signature import NAMESPACE, SignatureProblem, allowed_signers, sign, signer_of, verify_signature

__all__ = [
    "NAMESPACE",
    "Artifact",
    "BuildFile",
    "FleetManifest",
    "ManifestProblem",
    "NodeManifest",
    "SignatureProblem",
    "allowed_signers",
    "parse_fleet_manifest",
    "parse_node_manifest",
    "seal_node",
    "sign",
    "signer_of",
    "verify_signature",
    "write_fleet_manifest",
    "write_node_manifest",
]
