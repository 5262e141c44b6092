"""Renders a node's local capsules for a test, every path below one directory: ``python rendering.py DIRECTORY``.

``tools/`` has a link to the real tool for every sealed path, so that a test can put a fake in its place, and a shim
of ``date`` that lives at the Unix time in the file ``now``, if there is one.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from generator.engines.discovery import producers, stores  # noqa: E402
from generator.engines.node_capsules import node_capsules  # noqa: E402
from generator.engines.stores.tree.scrub import scrub_collected  # noqa: E402
from generator.inventory.model import (  # noqa: E402
    CollectPlan,
    Dataset,
    Fleet,
    KeyEpochs,
    Limits,
    Node,
    Operator,
    Ownership,
    Paths,
    ProtectPlan,
    Retention,
    Schedule,
)
from generator.inventory.tools import TOOLS  # noqa: E402
from generator.plan import Capsule, Holes, Origin  # noqa: E402
from generator.quoting import ShellWord  # noqa: E402
from generator.render import TemplateLibrary  # noqa: E402

HERE = Origin(path="tests")
ODD_NAME = 'it\'s a $(touch /tmp/pwned) "dir" [x]*\\z'
DATA_NUMBER = 0x7ABCDEF0
DATE_SHIM = """#!/bin/bash
for word in "$@"; do [[ "$word" == -d ]] && exec /usr/bin/date "$@"; done
[[ ! -e {now} ]] || exec /usr/bin/date -d "@$(<{now})" "$@"
exec /usr/bin/date "$@"
"""


def dataset(
    name: str, producer: str, *, canary: str | None = None, mountpoint: str | None = None, **own: object
) -> Dataset:
    """A dataset with ``own`` settings of its producer, unchecked: capsules bear more than the language allows."""
    return Dataset(
        name=name,
        producer=producer,
        settings=producers()[producer].settings.model_construct(**own),
        mountpoint=mountpoint,
        canary=canary,
        shrink_limit_percent=50,
        origin=HERE,
    )


def protect_plan(directory: Path, name: str, datasets: tuple[str, ...], **rules: int) -> ProtectPlan:
    """A nightly plan into ``directory/store-<name>``."""
    wanted = {"days": None, "last": None, "weekly": None, "monthly": None, "yearly": None, **rules}
    return ProtectPlan(
        name=name,
        store="tree",
        nodes=("unit",),
        datasets=datasets,
        path=f"{directory}/store-{name}",
        schedule=Schedule(cron="15 1 * * *", origin=HERE),
        scrub=Schedule(cron="0 13 * * 0", origin=HERE),
        retention=Retention(**{"keep_minimum": 2, **wanted}, origin=HERE),  # type: ignore[arg-type]
        limits=limits(5 if name == "small" else 120),
        preview=True,
        copies=1,
        sites=1,
        origin=HERE,
    )


def limits(seconds: int = 120) -> Limits:
    """``seconds`` for a whole run."""
    return Limits(duration_seconds=seconds, parallel=1, largest_file_bytes=1 << 40, reserve_bytes=0, origin=HERE)


def collect_plan(directory: Path) -> CollectPlan:
    """A collection whose scrub is tested without a network."""
    return CollectPlan(
        name="collection",
        store="tree",
        collects="nightly",
        node="unit",
        path=f"{directory}/collection",
        ownership=Ownership.FAKE_SUPER,
        sources=("unit",),
        maximum_age_seconds=93600,
        schedule=Schedule(cron="30 4 * * *", origin=HERE),
        scrub=Schedule(cron="0 13 * * 0", origin=HERE),
        retention=Retention(days=8, last=None, weekly=None, monthly=None, yearly=None, keep_minimum=8, origin=HERE),
        limits=limits(),
        preview=False,
        origin=HERE,
    )


def make_fleet(directory: Path) -> Fleet:
    """One node with three plans: files, a store that may fill up, and a database."""
    data = f"{directory}/data"
    node = Node(
        name="unit",
        hostname=socket.gethostname(),
        address="192.0.2.1",
        port=22,
        egress=("192.0.2.1",),
        host_keys=("ssh-ed25519 AAAA",),
        site="here",
        os_family="debian",
        timezone="UTC",
        sudo_digests=True,
        tools={name: f"{directory}/tools/{name}" for name in TOOLS["debian"]},
        datasets=(
            dataset("etc", "paths", paths=(f"{data}/etc", f"{data}/{ODD_NAME}", f"{data}/file"), exclude=("cache/",)),
            dataset("full", "paths", paths=(f"{data}/etc",)),
            dataset("guarded", "paths", paths=(f"{data}/guarded",), canary=f"{data}/guarded/CANARY"),
            dataset("mysql", "mysql", socket=f"{directory}/mysql/socket"),
            dataset("opt", "paths", paths=(f"{data}/opt",), missing="optional"),
        ),
        restore_points=(),
        origin=HERE,
    )
    return Fleet(
        name="test",
        prefix="",
        deployment="test",
        operator=Operator(name="backupoperator", number=1901, home="/var/lib/backupoperator"),
        paths=Paths(
            programs=str(directory),
            logs=f"{directory}/log",
            state=f"{directory}/state",
            metrics=f"{directory}/metrics",
        ),
        mail_to="root",
        health_check_url="https://health.example/key/",
        signers=(),
        epochs=KeyEpochs(current=1, accept_previous=False, edges={}),
        escrow_recorded=True,
        nodes=(node,),
        protect_plans=(
            protect_plan(directory, "database", ("mysql",), last=3),
            protect_plan(directory, "nightly", ("etc", "guarded", "opt"), days=2),
            protect_plan(directory, "small", ("full",), days=2),
        ),
        collect_plans=(),
        data_numbers={"unit": DATA_NUMBER},
        origin=HERE,
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
