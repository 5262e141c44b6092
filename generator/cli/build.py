"""``gen build``: check, plan, render, verify, seal, emit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from generator.backend import Build, BuildRequest, build
from generator.cli.check import check, missing_escrow
from generator.cli.console import PROBLEMS, TROUBLE, progress_bars, refuse, show, trouble, warning
from generator.cli.fleet_secret import open_secret
from generator.cli.inventory_file import find_inventory
from generator.cli.previous_build import same_secret
from generator.diagnostics import Diagnostic, Severity
from generator.emit import EmissionProblem, emit, examine
from generator.inventory import LoadResult
from generator.inventory.model import Fleet
from generator.keys import Keyring
from generator.keys.openssh import public_line
from generator.plan import Edge, FleetPlan, OwnKey, PrivateKey, Span
from generator.quoting import Unquotable
from generator.render import open_library
from generator.render.model import Kind
from generator.review import opening
from generator.source import SecretReference
from generator.verify import VerificationReport, find_tools

SHOWN_FAULTS = 20
MOST_EPOCHS = 8  # epochs before the current one, whose keys may still lie somewhere
_NOUNS = {
    Kind.CAPSULE: "capsule",
    Kind.SUDOERS: "sudoers file",
    Kind.AUTHORIZED_KEYS: "authorized_keys file",
    Kind.KNOWN_HOSTS: "known_hosts file",
    Kind.PRIVATE_KEY: "private key",
    Kind.OWN_KEY: "key made by its node",
    Kind.CRON: "cron table",
    Kind.SERVICE: "systemd service",
    Kind.TIMER: "systemd timer",
    Kind.LOGROTATE: "logrotate file",
    Kind.MANIFEST: "manifest",
}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """An inventory without errors, its plan, and what is known about it."""

    loaded: LoadResult
    fleet: Fleet
    secret: SecretReference
    plan: FleetPlan
    proved: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]


@click.command("build")
@click.argument("inventory", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    default=Path("output"),
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where the build goes.",
)
@click.option("--new-secret", is_flag=True, help="Replace a build of another fleet secret: every ssh key changes.")
def command(inventory: Path | None, output: Path, new_secret: bool) -> None:
    """Compile INVENTORY to sealed programs below OUTPUT; a build that fails changes nothing there."""
    path = find_inventory(inventory)
    with progress_bars() as progress:
        proved = _with_escrow(prove_inventory(path, progress))
        _writable(output, proved.fleet.deployment)
        keyring = Keyring(open_secret(proved.secret, path), proved.fleet.deployment)
        _accepted_signer(proved.fleet, keyring)
        _own_keys_are_none_of(proved, keyring)
        if not new_secret:
            same_secret(output / proved.fleet.deployment, keyring.signer().public)
        built = _build(path, proved, keyring, progress)
        _emit(output, proved.fleet.deployment, built, progress)
    show(_unverified(built.verification))
    _summarize(output, proved, built)


def prove_inventory(path: Path, progress: Progress) -> Proved:
    """Load, lower and prove; ends the program with every problem printed where there is an error."""
    progress("check", 0, 1)
    checked = check(path)
    loaded, plan = checked.loaded, checked.plan
    fleet, secret = loaded.fleet, loaded.fleet_secret
    if fleet is None or secret is None or plan is None or checked.errors:
        unread = any(one.code == "C0101" for one in checked.diagnostics)
        raise refuse(checked.diagnostics, TROUBLE if unread else PROBLEMS, loaded.sources)
    show(checked.diagnostics, loaded.sources)
    progress("check", 1, 1)
    return Proved(
        loaded=loaded,
        fleet=fleet,
        secret=secret,
        plan=plan,
        proved=checked.proved,
        warnings=checked.diagnostics,
    )


def _with_escrow(proved: Proved) -> Proved:
    missing = missing_escrow(proved.fleet)
    show(missing)
    return replace(proved, warnings=(*proved.warnings, *missing))


def _build(path: Path, proved: Proved, keyring: Keyring, progress: Progress) -> Build:
    fleet = proved.fleet
    request = BuildRequest(
        plan=proved.plan,
        paths=fleet.paths,
        keyring=keyring,
        library=open_library(),
        inventory_digest=proved.loaded.digest or hashlib.sha256(path.read_bytes()).hexdigest(),
        signers=fleet.signers,
        opening=opening(fleet),
        proved=proved.proved,
        warnings=tuple(one.message for one in proved.warnings if one.severity is Severity.WARNING),
        place=_place,
        tools=find_tools(),
    )
    try:
        built = build(request, progress)
    except Unquotable as value:
        advice = "use plain letters, digits, dots and dashes for what has to stand in that language"
        raise refuse([trouble("C0502", str(value), advice)], TROUBLE) from value
    if built.verification.faults:
        raise refuse(_bugs(built.verification), TROUBLE)
    return built


def _accepted_signer(fleet: Fleet, keyring: Keyring) -> None:
    own = public_line(keyring.signer().public)
    accepted = [" ".join(line.split()[:2]) for line in fleet.signers]
    if accepted and own not in accepted:
        message = "the fleet secret is not one whose seal the inventory accepts: `seal: signers` lists other keys"
        advice = f"use the right secret, or if this one is right add `{own}` to `seal: signers`"
        raise refuse([trouble("C0605", message, advice)], TROUBLE)


def _own_keys_are_none_of(proved: Proved, keyring: Keyring) -> None:
    """A derived key that a node calls its own opens another edge, or was given to it by an earlier build."""
    derived = {public_line(keyring.signer().public): "seals the fleet's builds"}
    for edge in _every_epoch(proved):
        derived[keyring.public_key(edge)] = f"is derived for {edge.name} of {edge.client}, epoch {edge.epoch}"
    found = [
        Diagnostic(
            code="C0608",
            message=f"the key `{name}` that `{node.name}` has made {derived[public]}",
            span=own.origin.span,
            advice="remove the key's file on the node and install again: it makes another, and tells its public half",
        )
        for node in proved.fleet.nodes
        for name, own in node.own_keys.items()
        for public in own.public
        if public in derived
    ]
    if found:
        raise refuse(found, PROBLEMS, proved.loaded.sources)


def _every_epoch(proved: Proved) -> Iterable[Edge]:
    """Every edge as it is, was and can become next, also those whose node makes the key now."""
    if not any(node.own_keys for node in proved.fleet.nodes):
        return
    for node in proved.plan.nodes:
        for artifact in node.artifacts:
            if isinstance(artifact, PrivateKey | OwnKey):
                epochs = proved.fleet.epochs
                last = max(artifact.edge.epoch, epochs.edges.get(artifact.edge.name, epochs.current)) + 1
                yield from (
                    replace(artifact.edge, epoch=epoch) for epoch in range(max(1, last - MOST_EPOCHS), last + 1)
                )


def _place(span: Span) -> str:
    return f"{span.file}:{span.line}"


def _bugs(report: VerificationReport) -> Iterable[Diagnostic]:
    advice = "this is a bug in Capsule, not in your inventory; nothing was written: please report it"
    for fault in report.faults[:SHOWN_FAULTS]:
        yield trouble("C0520", f"{fault.where}: {fault.rule}: {fault.what}", advice)
    more = len(report.faults) - SHOWN_FAULTS
    if more > 0:
        yield trouble("C0520", f"{more} more such faults", advice)


def _unverified(report: VerificationReport) -> Iterable[Diagnostic]:
    for one in report.unverified:
        yield warning(
            "C0521",
            f"{one.what} was not verified ({one.count} files): {one.tool} is not installed here",
            f"install {one.tool} and build again before you rely on this build",
        )


def _writable(output: Path, deployment: str) -> None:
    try:
        examine(output, deployment)
    except (EmissionProblem, OSError) as problem:
        advice = problem.advice if isinstance(problem, EmissionProblem) else "choose another directory with -o"
        raise refuse([trouble("C0510", str(problem), advice)], TROUBLE) from problem


def _emit(output: Path, deployment: str, built: Build, progress: Progress) -> None:
    steps = ("prepare", "write", "flush", "exchange", "clean")
    try:
        emit(output, deployment, built.files, lambda step: progress("emit", steps.index(step), len(steps)))
    except EmissionProblem as problem:
        raise refuse([trouble("C0510", str(problem), problem.advice)], TROUBLE) from problem


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _summarize(output: Path, proved: Proved, built: Build) -> None:
    plan = proved.plan
    counts = [_counted(count, _NOUNS[Kind(kind)]) for kind, count in built.verification.verified if count]
    click.echo(f"Built {plan.deployment}: {', '.join((_counted(len(plan.nodes), 'node'), *counts))}.")
    distinct = _counted(built.verification.shapes, "file")
    click.echo(f"Verified with the consumers' own parsers: {distinct} that differ in more than their values.")
    if proved.proved:
        click.echo("Proved:")
    for sentence in proved.proved:
        click.echo(f"  - {sentence}")
    for missing in built.verification.unverified:
        click.echo(f"Warning C0521: not verified, {missing.tool} is missing: {missing.what}.")
    page = output.absolute() / plan.deployment / "review" / "README.md"
    click.echo(f"Open first: {page} (or index.html beside it)")
