"""``gen why``: which inventory line caused an artifact, or one line of it."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import click

from generator.cli.build import Proved, prove_inventory
from generator.cli.console import TROUBLE, refuse, trouble
from generator.cli.inventory_file import find_inventory
from generator.deliveries.plain import SUMMARIES
from generator.plan import Artifact, NodePlan, Origin
from generator.render import open_library
from generator.render.reasons import reasons

_PATH = click.Path(path_type=Path)


@click.command("why")
@click.argument("file")
@click.option("--inventory", type=_PATH, help="The inventory; found as `gen build` finds it if not given.")
@click.option("--node", help="The node, for a path as it is on a node; without it every node that has the file.")
def command(file: str, inventory: Path | None, node: str | None) -> None:
    """Say which inventory entry caused FILE, or with FILE:LINE that line of it.

    FILE is a path in the output or an absolute path on a node.
    """
    path, line = _split(file)
    proved = prove_inventory(find_inventory(inventory), _silent)
    names = [plan.name for plan in proved.plan.nodes]
    if node is not None and node not in names:
        near = difflib.get_close_matches(node, names, 1)
        meant = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise click.UsageError(f"There is no node {node}. {meant}")
    found = _artifacts(proved, path, node)
    if not found:
        message = f"no artifact of {proved.fleet.deployment} lies at {path}"
        if Path(path).name in (*SUMMARIES, "manifest.json"):
            message = f"{path} describes the whole node: no single entry of the inventory caused it"
        advice = "give a file below nodes/<node>/root/ of the output, or its absolute path on the node"
        raise refuse([trouble("C0540", message, advice)], TROUBLE)
    library = open_library()
    for plan, artifact in found:
        where = f"{plan.name}:{artifact.path}"
        origins: tuple[Origin, ...] = (artifact.origin,)
        if line is not None:
            origins = reasons(proved.fleet, plan, artifact, line, library)
            if not origins:
                advice = "lines are counted from 1, in the file as this inventory builds it"
                raise refuse([trouble("C0540", f"{where} has no line {line}", advice)], TROUBLE)
            where = f"{where}:{line}"
        for origin in origins:
            click.echo(f"{where}: {origin.path}{_place(origin)}")


def _split(file: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(.+):(\d+)", file)
    return (file, None) if found is None else (found[1], int(found[2]))


def _artifacts(proved: Proved, path: str, node: str | None) -> list[tuple[NodePlan, Artifact]]:
    below = re.search(r"(?:^|/)nodes/([^/]+)/root(/.+)$", path)
    name, wanted = (below[1], below[2]) if below else (node, path)
    return [
        (plan, artifact)
        for plan in proved.plan.nodes
        if name in (None, plan.name)
        for artifact in plan.artifacts
        if artifact.path == wanted
    ]


def _place(origin: Origin) -> str:
    return "" if origin.span is None else f" ({origin.span.file}:{origin.span.line})"


def _silent(step: str, done: int, total: int) -> None:
    del step, done, total
