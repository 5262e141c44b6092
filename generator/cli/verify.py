"""``gen verify``: a build, or an installed node, against the seal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from generator.cli.console import PROBLEMS, TROUBLE, refuse, trouble
from generator.diagnostics import Diagnostic
from generator.inventory import load
from generator.keys.openssh import Malformed, fingerprint, parse_public_line
from generator.seal import (
    FleetManifest,
    ManifestProblem,
    SignatureProblem,
    parse_fleet_manifest,
    verify_signature,
)
from generator.seal.assembly import MANIFEST, SIGNATURE, SIGNERS
from generator.seal.check import Finding, check_built, check_installed, check_signers
from generator.seal.reading import read_node, read_tree
from generator.source import SourceText

_PATH = click.Path(path_type=Path)


@click.command("verify")
@click.argument("directory", type=_PATH)
@click.option("--root", type=_PATH, help="Check the node installed below ROOT (`/` on the node), not the build.")
@click.option("--node", help="Which node ROOT is, where DIRECTORY is not the node's own.")
@click.option("--signers", help="Who may have signed: a public key, or a file with public keys or allowed signers.")
@click.option("--inventory", type=_PATH, help="Take the signers from the inventory's `seal: signers`.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(
    directory: Path, root: Path | None, node: str | None, signers: str | None, inventory: Path | None, form: str
) -> None:
    """Compare the build in DIRECTORY (output/<deployment>), or a node that it was installed on, with the seal.

    The signer is taken from --signers or --inventory, never from beside the signature.
    """
    try:
        manifest, signer, findings = _compared(directory, root, node, signers, inventory)
    except _Refused as why:
        if form == "json":
            click.echo(_refused_json(why.diagnostics))
        raise refuse(why.diagnostics, why.status, why.sources) from why
    _report(form, manifest, fingerprint(signer), findings)
    sys.exit(PROBLEMS if findings else 0)


class _Refused(Exception):
    """There is nothing to compare, or nothing to compare it with."""

    def __init__(self, diagnostics: Iterable[Diagnostic], status: int, sources: Iterable[SourceText] = ()) -> None:
        super().__init__()
        self.diagnostics, self.status, self.sources = tuple(diagnostics), status, tuple(sources)


def _refused_json(diagnostics: Iterable[Diagnostic]) -> str:
    # `findings` is not an empty list here: that would say that everything is as it was sealed
    nothing = {"deployment": None, "build_id": None, "signer": None, "findings": None}
    said = [{"code": one.code, "message": one.message, "advice": one.advice} for one in diagnostics]
    return json.dumps({**nothing, "diagnostics": said}, indent=2)


def _compared(
    directory: Path, root: Path | None, node: str | None, signers: str | None, inventory: Path | None
) -> tuple[FleetManifest, bytes, tuple[Finding, ...]]:
    deployment, node = _deployment_of(directory, node)
    accepted = _accepted(signers, inventory)
    manifest, signer = _sealed(deployment, accepted)
    findings = _findings(deployment, manifest, root, node)
    if root is None:
        findings = (*_signers_beside(deployment, manifest, accepted, signer), *findings)
    return manifest, signer, findings


def _deployment_of(directory: Path, node: str | None) -> tuple[Path, str | None]:
    """The deployment's directory and the node, where ``directory`` may be a node's part of it."""
    above = directory.absolute().parent
    if above.name == "nodes" and (above.parent / MANIFEST).is_file():
        return above.parent, node or directory.name
    return directory, node


def _accepted(signers: str | None, inventory: Path | None) -> frozenset[bytes]:
    if (signers is None) == (inventory is None):
        raise click.UsageError("Say who may have signed: with --signers or with --inventory, one of them.")
    if inventory is not None:
        loaded = load(inventory)
        if loaded.fleet is None:
            raise _Refused(loaded.diagnostics, TROUBLE, loaded.sources)
        lines: Iterable[str] = loaded.fleet.signers
    else:
        assert signers is not None
        lines = [signers] if " " in signers else _lines(Path(signers))
    try:
        accepted = frozenset(parse_public_line(_key_part(line)) for line in lines)
    except Malformed as wrong:
        raise _Refused(
            [trouble("C0531", f"a signer is no key: {wrong}", "give ssh-ed25519 keys")], TROUBLE
        ) from wrong
    if not accepted:
        message = "no signer is named, so no signature can be accepted"
        advice = "`gen keys show` prints the line for `seal: signers`"
        raise _Refused([trouble("C0531", message, advice)], TROUBLE)
    return accepted


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text()
    except OSError as wrong:
        advice = "give a public key in quotes, or a file that you may read"
        raise _Refused([trouble("C0531", f"cannot read {path}: {wrong.strerror}", advice)], TROUBLE) from wrong
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _key_part(line: str) -> str:
    """The key of a public key line or of a line of allowed signers."""
    return line[max(0, line.find("ssh-ed25519 ")) :]


def _sealed(deployment: Path, accepted: frozenset[bytes]) -> tuple[FleetManifest, bytes]:
    try:
        content, signature = (deployment / MANIFEST).read_bytes(), (deployment / SIGNATURE).read_bytes()
    except OSError as wrong:
        advice = "give the directory that `gen build` wrote: output/<deployment>"
        message = f"there is no seal: {wrong.filename}: {wrong.strerror}"
        raise _Refused([trouble("C0530", message, advice)], TROUBLE) from wrong
    try:
        signer = verify_signature(content, signature, accepted)
        # nothing of a manifest is believed, not even its form, before its signature is
        return parse_fleet_manifest(content), signer
    except (SignatureProblem, ManifestProblem) as wrong:
        advice = "do not install it: build it again from the inventory, and find out who changed it"
        raise _Refused([trouble("C0532", f"the seal is broken: {wrong}", advice)], PROBLEMS) from wrong


def _only_node(manifest: FleetManifest, node: str | None) -> str:
    names = sorted({one.node for one in manifest.artifacts})
    if node is None and len(names) == 1:
        return names[0]
    if node not in names:
        raise click.UsageError(f"Say which node it is with --node: {', '.join(names)}.")
    return node


def _findings(deployment: Path, manifest: FleetManifest, root: Path | None, node: str | None) -> tuple[Finding, ...]:
    try:
        if root is None:
            return check_built(manifest, read_tree(deployment))
        name = _only_node(manifest, node)
        artifacts = tuple(one for one in manifest.artifacts if one.node == name)
        return check_installed(artifacts, read_node(root, manifest.deployment, artifacts))
    except OSError as wrong:
        raise _Refused([_unreadable(wrong)], TROUBLE) from wrong


def _unreadable(wrong: OSError) -> Diagnostic:
    advice = "run this as a user who may read every file, on a node as root"
    return trouble("C0533", f"cannot read {wrong.filename}: {wrong.strerror}", advice)


def _signers_beside(
    deployment: Path, manifest: FleetManifest, accepted: frozenset[bytes], signer: bytes
) -> tuple[Finding, ...]:
    path = deployment / SIGNERS
    if not path.is_file():
        return ()  # the comparison says so
    try:
        return check_signers(manifest.deployment, path.read_bytes(), accepted, signer)
    except OSError as wrong:
        raise _Refused([_unreadable(wrong)], TROUBLE) from wrong


def _report(form: str, manifest: FleetManifest, signer: str, findings: Iterable[Finding]) -> None:
    listed = list(findings)
    if form == "json":
        head = {"deployment": manifest.deployment, "build_id": manifest.build_id, "signer": signer}
        click.echo(json.dumps({**head, "findings": [asdict(one) for one in listed], "diagnostics": []}, indent=2))
        return
    for one in listed:
        click.echo(f"{one.problem}: {one.path}: {one.message}")
    counted = "1 difference" if len(listed) == 1 else f"{len(listed)} differences"
    verdict = counted if listed else "everything is as it was sealed"
    click.echo(f"{manifest.deployment}, build {manifest.build_id}, signed by {signer}: {verdict}.", err=True)
