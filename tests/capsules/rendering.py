"""Renders a node's local capsules for a test, every path below one directory: ``python rendering.py DIRECTORY``.

``tools/`` has a link to the real tool for every sealed path, so that a test can put a fake in its place, and a shim
of ``date`` that lives at the Unix time in the file ``now``, if there is one.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from fleets import (  # noqa: E402
    make_collect,
    make_dataset,
    make_limits,
    make_node,
    make_protect,
    make_retention,
    make_schedule,
)
from fleets import make_fleet as make_any_fleet  # noqa: E402

from generator.engines.discovery import producers, stores  # noqa: E402
from generator.engines.node_capsules import node_capsules  # noqa: E402
from generator.engines.stores.tree.scrub import scrub_collected  # noqa: E402
from generator.inventory.model import CollectPlan, Dataset, Fleet, Paths, ProtectPlan  # noqa: E402
from generator.inventory.tools import TOOLS  # noqa: E402
from generator.plan import Capsule, Holes  # noqa: E402
from generator.quoting import ShellWord  # noqa: E402
from generator.render import TemplateLibrary  # noqa: E402

ODD_NAME = 'it\'s a $(touch /tmp/pwned) "dir" [x]*\\z'
DATA_NUMBER = 0x7ABCDEF0
DATE_SHIM = """#!/bin/bash
for word in "$@"; do [[ "$word" == -d ]] && exec /usr/bin/date "$@"; done
[[ ! -e {now} ]] || exec /usr/bin/date -d "@$(<{now})" "$@"
exec /usr/bin/date "$@"
"""


def dataset(name: str, producer: str, *, canary: str | None = None, **own: object) -> Dataset:
    """A dataset with ``own`` settings of its producer, unchecked: capsules bear more than the language allows."""
    settings = producers()[producer].settings.model_construct(**own)
    return make_dataset(name, producer, settings, canary=canary)


def protect_plan(directory: Path, name: str, datasets: tuple[str, ...], **rules: int) -> ProtectPlan:
    """A nightly plan into ``directory/store-<name>``."""
    return make_protect(
        name,
        ("unit",),
        datasets=datasets,
        path=f"{directory}/store-{name}",
        schedule=make_schedule("15 1 * * *"),
        scrub=make_schedule("0 13 * * 0"),
        retention=make_retention(**{"keep_minimum": 2, **rules}),
        limits=make_limits(5 if name == "small" else 120, parallel=1),
        preview=True,
    )


def collect_plan(directory: Path) -> CollectPlan:
    """A collection whose scrub is tested without a network."""
    return make_collect(
        "collection",
        "nightly",
        "unit",
        ("unit",),
        path=f"{directory}/collection",
        scrub=make_schedule("0 13 * * 0"),
    )


def make_fleet(directory: Path) -> Fleet:
    """One node with three plans: files, a store that may fill up, and a database."""
    data = f"{directory}/data"
    node = make_node(
        "unit",
        hostname=socket.gethostname(),
        tools={name: f"{directory}/tools/{name}" for name in TOOLS["debian"]},
        datasets=(
            dataset("etc", "paths", paths=(f"{data}/etc", f"{data}/{ODD_NAME}", f"{data}/file"), exclude=("cache/",)),
            dataset("full", "paths", paths=(f"{data}/etc",)),
            dataset("guarded", "paths", paths=(f"{data}/guarded",), canary=f"{data}/guarded/CANARY"),
            dataset("mysql", "mysql", socket=f"{directory}/mysql/socket"),
            dataset("opt", "paths", paths=(f"{data}/opt",), missing="optional"),
        ),
    )
    return make_any_fleet(
        (node,),
        paths=Paths(
            programs=str(directory),
            logs=f"{directory}/log",
            state=f"{directory}/state",
            metrics=f"{directory}/metrics",
        ),
        health_check_url="https://health.example/key/",
        protect_plans=(
            protect_plan(directory, "database", ("mysql",), last=3),
            protect_plan(directory, "nightly", ("etc", "guarded", "opt"), days=2),
            protect_plan(directory, "small", ("full",), days=2),
        ),
        data_numbers={"unit": DATA_NUMBER},
    )


def render(library: TemplateLibrary, capsule: Capsule) -> str:
    """The capsule's text, as the back end renders it."""
    header = {"build_id": "0123456789abcdef", "origin": capsule.origin.path, "summary": capsule.summary}
    values = {**capsule.holes.as_mapping(), **{name: ShellWord.of(text) for name, text in header.items()}}
    return library.render(capsule.template, Holes(tuple(sorted(values.items())))).text


def capsules(fleet: Fleet, directory: Path) -> tuple[Capsule, ...]:
    """Every local capsule of the fleet's one node, and the scrub of a collection."""
    contributions = tuple(
        contribution for plan in fleet.protect_plans for contribution in stores()["tree"].protect(fleet, plan)
    )
    scrubs = scrub_collected(fleet, collect_plan(directory))
    contributed = (capsule for contribution in (*contributions, *scrubs) for capsule in contribution.capsules)
    return (*contributed, *node_capsules(fleet, fleet.node("unit"), contributions))


def build(directory: Path) -> None:
    """Write ``bin/``, ``tools/`` and ``parts/``, the producers' restore fragments, below ``directory``."""
    fleet = make_fleet(directory)
    library = TemplateLibrary(REPOSITORY / "templates")
    for folder in ("bin", "tools", "parts"):
        (directory / folder).mkdir(parents=True)
    for name, path in TOOLS["debian"].items():
        (directory / "tools" / name).symlink_to(path)
    shim = directory / "tools" / "date"
    shim.unlink()
    shim.write_text(DATE_SHIM.format(now=directory / "now"))
    shim.chmod(0o755)
    node = fleet.node("unit")
    for one in node.datasets:
        engine = producers()[one.producer]
        parts = {"functions": engine.restore_functions(node), "restore": engine.restore(node, one)}
        for name, fragment in parts.items():
            text = library.render(fragment.template, fragment.holes).text
            # a test calls the functions many times in one shell
            (directory / "parts" / f"{one.name}.{name}").write_text(text.replace("readonly ", ""))
    for capsule in capsules(fleet, directory):
        path = Path(capsule.path)
        path.write_text(render(library, capsule))
        path.chmod(0o755)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
