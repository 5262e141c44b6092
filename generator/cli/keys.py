"""``gen keys``: the fleet secret and what is derived from it."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from generator.cli.build import prove_inventory
from generator.cli.console import TROUBLE, refuse, trouble
from generator.cli.fleet_secret import PASSPHRASE, open_secret
from generator.cli.inventory_file import find_inventory
from generator.inventory import LoadResult, load
from generator.inventory.model import Fleet, KeyEpochs
from generator.keys import FleetSecret, Keyring, format_secret
from generator.keys.files import create_private_file
from generator.keys.openssh import fingerprint, parse_public_line, public_line
from generator.keys.secret import LENGTH, Lock
from generator.plan import AuthorizedKeys, Edge, FleetPlan, OwnKey

_ANNOUNCED = """\
# The first of three builds: new keys are accepted, and nobody uses them yet. Install it everywhere, in any order;
# runs go on between. When every node has it, run `{command}`."""
_CHANGED = """\
# The second of three builds: new keys are used, and the keys before are still accepted. Install it everywhere, in any
# order; runs go on between. When every node has it, run `gen keys rotate --finish`."""
_STOLEN = """\
# The key before is refused by every node that has this build: install it first where the stolen key is accepted, the
# server of <server>.<capsule>, then on its client. Until both have it, whatever runs with it fails and says
# so; nothing is lost. A rotation that was going on ends with this: nodes without its keys are turned away too."""
_FINISHED = """\
# The last of three builds: only the new keys are accepted. Install it everywhere, in any order. A node that missed
# the second one is turned away until it has this one."""

_INVENTORY = click.argument("inventory", required=False, type=click.Path(path_type=Path))


@click.group("keys")
def command() -> None:
    """Make, show and rotate the keys of a fleet."""


@command.command("init")
@_INVENTORY
@click.option("--file", "file", type=click.Path(path_type=Path), help="Where to write it, if not as INVENTORY says.")
@click.option("--passphrase", is_flag=True, help=f"Lock it; the passphrase is asked for, or taken from {PASSPHRASE}.")
def init(inventory: Path | None, file: Path | None, passphrase: bool) -> None:
    """Make the fleet secret that INVENTORY names; never overwrites one."""
    target, fleet = _target(inventory, file)
    secret = FleetSecret(secrets.token_bytes(LENGTH))
    content = format_secret(secret, _new_lock() if passphrase else None)
    try:
        create_private_file(target, content)
    except FileExistsError as there:
        advice = "every key of the fleet would change: move the old one away, and keep it, if you mean that"
        raise refuse([trouble("C0603", f"there is a fleet secret already: {target}", advice)], TROUBLE) from there
    except OSError as wrong:
        advice = "make the directory writable for yourself, or name another file with --file"
        message = f"the fleet secret cannot be written: {target}: {wrong.strerror}"
        raise refuse([trouble("C0604", message, advice)], TROUBLE) from wrong
    click.echo(f"Wrote the fleet secret to {target} (mode 0600). Every key of the fleet is derived from it.")
    if fleet is not None:
        click.echo("In the inventory, so that a build with any other secret is refused:")
        click.echo(_signer_line(Keyring(secret, fleet.deployment).signer().public))
    else:
        click.echo("Once the inventory is complete, `gen keys show` prints its line for `seal: signers`.")
    click.echo("Put a copy where a fire here does not reach it, and record that in the inventory under `escrow`.")


@command.command("show")
@_INVENTORY
def show_keys(inventory: Path | None) -> None:
    """Print every public key with its fingerprint, and the line of the seal's signer; no private key, ever."""
    path = find_inventory(inventory)
    proved = prove_inventory(path, _silent)
    keyring = Keyring(open_secret(proved.secret, path), proved.fleet.deployment)
    signer = keyring.signer().public
    click.echo(f"The seal of {proved.fleet.deployment} is signed by {fingerprint(signer)}; in the inventory:")
    click.echo(_signer_line(signer))
    for edge in edges_of(proved.plan):
        key = keyring.public_key(edge)
        click.echo(f"\n{edge.account} on {edge.client} may run {edge.capsule} on {edge.server}, epoch {edge.epoch}")
        click.echo(f"{fingerprint(parse_public_line(key))}\n{key} {edge.client}:{edge.name}")
    for own in own_keys_of(proved.plan):
        edge = own.edge
        click.echo(f"\n{edge.account} on {edge.client} may run {edge.capsule} on {edge.server}, by a key of its own")
        for key in own.public:
            click.echo(f"{fingerprint(parse_public_line(key))}\n{key} {edge.client}:{edge.name}")
        if not own.public:
            click.echo("nobody knows its public half yet")


@command.command("rotate")
@_INVENTORY
@click.option("--edge", "name", help="Only the key of this edge, <server>.<capsule>; without it every key.")
@click.option("--stolen", is_flag=True, help="Stop accepting the key before at once: somebody else may have it.")
@click.option("--finish", is_flag=True, help="The third step: stop accepting the previous keys.")
def rotate(inventory: Path | None, name: str | None, stolen: bool, finish: bool) -> None:
    """Print the inventory change of a rotation's next step; nothing is changed here, so that it can be reviewed."""
    if finish and (name is not None or stolen):
        raise click.UsageError("--finish ends the whole rotation: it goes with neither --edge nor --stolen.")
    path = find_inventory(inventory)
    proved = prove_inventory(path, _silent)
    epochs = proved.fleet.epochs
    _refuse_step(epochs, stolen=stolen, finish=finish)
    if finish:
        changed, then = replace(epochs, accept_previous=False), _FINISHED
    else:
        changed, then = _next_epochs(epochs, proved.plan, name, stolen=stolen), _STOLEN if stolen else _CHANGED
        if not stolen and not epochs.accept_next:
            again = f"gen keys rotate --edge {name}" if name else "gen keys rotate"
            changed, then = replace(epochs, accept_next=True), _ANNOUNCED.format(command=again)
    click.echo(f"# Replace `keys:` in {path} by this, review, and build.\n{then}", err=True)
    click.echo("keys:")
    click.echo(f"  epoch: {changed.current}")
    click.echo(f"  accept_next: {str(changed.accept_next).lower()}")
    click.echo(f"  accept_previous: {str(changed.accept_previous).lower()}")
    if changed.edges:
        click.echo("  edges:")
    for edge_name, number in sorted(changed.edges.items()):
        click.echo(f'    "{edge_name}": {number}')


def _refuse_step(epochs: KeyEpochs, *, stolen: bool, finish: bool) -> None:
    if finish and not epochs.accept_previous:
        message = "no rotation is going on: only the present keys are accepted already"
        raise refuse([trouble("C0607", message, "`gen keys rotate` begins one")], TROUBLE)
    if epochs.accept_previous and not finish and not stolen:
        # two epochs back is accepted by nobody: whoever still has that key would be locked out
        message = "a rotation is going on: `accept_previous` is true, and nodes may still use the keys before"
        advice = "install its build everywhere, then `gen keys rotate --finish`; for a stolen key add --stolen"
        raise refuse([trouble("C0607", message, advice)], TROUBLE)


def _next_epochs(epochs: KeyEpochs, plan: FleetPlan, name: str | None, *, stolen: bool) -> KeyEpochs:
    epochs = replace(epochs, accept_next=False)
    if name is None:
        # an edge with an epoch of its own moves on too: its entry outranks the fleet's
        edges = {edge: number + 1 for edge, number in epochs.edges.items()}
        return replace(epochs, current=epochs.current + 1, accept_previous=not stolen, edges=edges)
    known = sorted({edge.name for edge in edges_of(plan)})
    if name not in known and any(own.edge.name == name for own in own_keys_of(plan)):
        raise click.UsageError(f"The node makes the key {name} by itself: docs/changes.md says how such keys change.")
    if name not in known:
        raise click.UsageError(f"There is no edge {name}. There are: {', '.join(known)}.")
    number = epochs.edges.get(name, epochs.current) + 1
    return replace(epochs, accept_previous=not stolen, edges={**epochs.edges, name: number})


def edges_of(plan: FleetPlan) -> tuple[Edge, ...]:
    """Every edge in every epoch that is accepted, sorted."""
    return tuple(sorted(set(_accepted(plan))))


def own_keys_of(plan: FleetPlan) -> tuple[OwnKey, ...]:
    """Every key that its node makes by itself, sorted by edge."""
    own = (one for node in plan.nodes for one in node.artifacts if isinstance(one, OwnKey))
    return tuple(sorted(own, key=lambda one: one.edge))


def _accepted(plan: FleetPlan) -> Iterable[Edge]:
    for node in plan.nodes:
        for artifact in node.artifacts:
            if isinstance(artifact, AuthorizedKeys):
                for entry in artifact.entries:
                    yield from (replace(entry.edge, epoch=epoch) for epoch in entry.epochs)


def _signer_line(signer: bytes) -> str:
    return f'seal: {{signers: ["{public_line(signer)}"]}}'


def _target(inventory: Path | None, file: Path | None) -> tuple[Path, Fleet | None]:
    """Where the secret goes, and the fleet, where its inventory is known and sound."""
    if file is not None and inventory is None:
        return file, None
    path = find_inventory(inventory)
    loaded = load(path)
    return (file if file is not None else _secret_path(path, loaded)), loaded.fleet


def _secret_path(inventory: Path, loaded: LoadResult) -> Path:
    if loaded.fleet_secret is None:
        raise refuse(loaded.diagnostics, TROUBLE, loaded.sources)
    path = loaded.fleet_secret.path(inventory.parent)
    if path is None:
        advice = "write it to a file with --file, and put its content where the inventory says"
        raise refuse([trouble("C0604", f"the inventory keeps the {loaded.fleet_secret}", advice)], TROUBLE)
    return path


def _new_lock() -> Lock:
    given = os.environ.get(PASSPHRASE)
    if not given and not sys.stdin.isatty():
        advice = f"put it into the environment variable {PASSPHRASE}, or run this on a terminal"
        raise refuse([trouble("C0602", "there is no terminal to ask for the new passphrase", advice)], TROUBLE)
    passphrase = given or click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return Lock(passphrase=str(passphrase), salt=secrets.token_bytes(32), nonce=secrets.token_bytes(12))


def _silent(step: str, done: int, total: int) -> None:
    del step, done, total
