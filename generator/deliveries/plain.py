"""The delivery ``plain``: argument-free scripts for a node that nothing manages: two do, two only look."""

from __future__ import annotations

from generator.deliveries.names import package_name
from generator.deliveries.order import in_placing_order
from generator.deliveries.own_keys import OwnKeyFile, own_key_files
from generator.deliveries.requirements import Command, Requirements, requirements
from generator.inventory.model import Paths
from generator.inventory.packages import INSTALLERS
from generator.plan import Account, Directory, Hole, Holes, NodePlan, holes, holes_of
from generator.quoting import ShellWord
from generator.render.model import DeliveryFile, RenderedFile, RenderedNode
from generator.render.templates import TemplateLibrary

SUMMARIES = {
    "install.sh": "Puts this build of the node's backup programs in their place; a second run changes nothing.",
    "preview-removal.sh": "Says what remove.sh would do now, in its words; changes nothing.",
    "preview.sh": "Says what install.sh would do now, in its words, and refuses what it would; changes nothing.",
    "remove.sh": "Takes the node's backup programs away again, and leaves every backup, log and state file alone.",
}


class PlainDelivery:
    """``install.sh``, ``remove.sh`` and a preview of each, with everything that they do hard-coded."""

    name = "plain"

    def deliver(
        self, deployment: str, paths: Paths, node: RenderedNode, library: TemplateLibrary
    ) -> tuple[DeliveryFile, ...]:
        """The scripts of ``node``, whose files must include its manifest."""
        common = common_holes(deployment, paths, node)
        return tuple(_script(program, common, library) for program in SUMMARIES)


DELIVERY = PlainDelivery()


def _script(program: str, common: dict[str, Hole], library: TemplateLibrary) -> DeliveryFile:
    template = f"deliveries/plain/{program}.j2"
    given = holes(**common, program=ShellWord.of(program), summary=ShellWord.of(SUMMARIES[program]))
    rendered = library.render(template, given)
    return DeliveryFile(
        path=program, content=rendered.text.encode(), mode=0o755, shape=rendered.shape, template=template
    )


def common_holes(deployment: str, paths: Paths, node: RenderedNode) -> dict[str, Hole]:
    """What every script that installs or removes ``node`` is given."""
    plan = node.plan
    needs = requirements(plan, node.files)
    made = own_key_files(in_placing_order(node.files))
    return {
        "deployment": ShellWord.of(deployment),
        "node": ShellWord.of(plan.name),
        "package": ShellWord.of(package_name(deployment, plan.name)),
        "hostname": ShellWord.of(plan.hostname),
        "identified": bool(plan.machine_id),
        "machine_id": ShellWord.of(plan.machine_id),
        "build_id": ShellWord.of(node.build_id),
        "origin": ShellWord.of(plan.origin.path),
        "programs": ShellWord.of(paths.programs),
        "state": ShellWord.of(paths.state),
        "files": tuple(_file(file) for file in in_placing_order(node.files)),
        "makes_keys": bool(made),
        "own_keys": tuple(_own_key(key) for key in made),
        "known_halves": tuple(
            holes(path=ShellWord.of(key.path), public=ShellWord.of(public)) for key in made for public in key.public
        ),
        "accounts": tuple(_account(account) for account in sorted(plan.accounts)),
        "directories": tuple(_directory(directory) for directory in sorted(plan.directories)),
        "clock": _clock(plan),
        "commands": _commands(needs),
        "packages": tuple(ShellWord.of(package) for package in needs.packages),
        "install_packages": ShellWord.of(INSTALLERS[plan.os_family]),
    }


def _file(file: RenderedFile) -> Holes:
    return holes_of(
        file.origin,
        kind=ShellWord.of(file.kind.value),
        owner=ShellWord.of(file.owner),
        group=ShellWord.of(file.group),
        mode=_mode(file.mode),
        sha256=ShellWord.of(file.sha256),
        path=ShellWord.of(file.path),
    )


def _own_key(key: OwnKeyFile) -> Holes:
    return holes(
        owner=ShellWord.of(key.owner),
        group=ShellWord.of(key.group),
        mode=_mode(key.mode),
        path=ShellWord.of(key.path),
    )


def _account(account: Account) -> Holes:
    return holes(
        name=ShellWord.of(account.name),
        number=ShellWord.of(str(account.number)),
        home=ShellWord.of(account.home),
        shell=ShellWord.of(account.shell),
    )


def _directory(directory: Directory) -> Holes:
    return holes(
        fate=ShellWord.of("keep" if directory.keep else "remove"),
        owner=ShellWord.of(directory.owner),
        group=ShellWord.of(directory.group),
        mode=_mode(directory.mode),
        path=ShellWord.of(directory.path),
    )


def _mode(mode: int) -> ShellWord:
    # as stat prints it, so that the two can be compared
    return ShellWord.of(f"{mode:o}")


def _clock(plan: NodePlan) -> tuple[Hole, ...]:
    return tuple(
        holes(time=ShellWord.of(str(time)), offset=ShellWord.of(clock_offset(seconds)))
        for time, seconds in plan.clock_offsets
    )


def clock_offset(seconds: int) -> str:
    """As ``date +%::z`` prints it."""
    minutes, second = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"


def _commands(needs: Requirements) -> tuple[Hole, ...]:
    def opened(command: Command) -> Holes:
        return holes(package=ShellWord.of(command.package), path=ShellWord.of(command.path))

    return tuple(opened(command) for command in needs.commands)
