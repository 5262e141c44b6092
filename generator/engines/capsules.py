"""The one way to make a capsule: every capsule gets the same holes for its own world."""

from __future__ import annotations

from functools import cache

from generator.inventory.model import Fleet, Node
from generator.plan import Capsule, Edge, Hole, Holes, Origin, holes
from generator.quoting import ShellWord


def capsule_path(fleet: Fleet, name: str) -> str:
    """Where the capsule called ``name`` lies on any node of ``fleet``."""
    return f"{fleet.paths.programs}/bin/{name}"


def key_path(fleet: Fleet, edge_name: str) -> str:
    """Where the private key of an edge lies on its client."""
    return f"{fleet.paths.programs}/ssh/{edge_name}"


def address_holes(server: Node, name: str = "name") -> dict[str, Hole]:
    """Where ``server`` is reached: the holes ``address`` and ``port``, and that of its name, called ``name``."""
    return {
        name: ShellWord.of(server.name),
        "address": ShellWord.of(server.address),
        "port": ShellWord.of(str(server.port)),
    }


def reached(fleet: Fleet, edge: Edge, name: str = "name") -> dict[str, Hole]:
    """Where the server of ``edge`` is reached, as in `address_holes`, and ``key``, the file of the client's key."""
    return {**address_holes(fleet.node(edge.server), name), "key": ShellWord.of(key_path(fleet, edge.name))}


def known_hosts_path(fleet: Fleet) -> str:
    """Where the pinned host keys lie on any node of ``fleet``."""
    return f"{fleet.paths.programs}/ssh/known_hosts"


def sudoers_path(fleet: Fleet) -> str:
    """The file of sudo's rules on a node that others pull from."""
    return f"/etc/sudoers.d/50-capsule-{fleet.deployment}"


def cron_path(fleet: Fleet) -> str:
    """The cron table of any node that does something by itself."""
    return f"/etc/cron.d/capsule-{fleet.deployment}"


def rotation_path(fleet: Fleet) -> str:
    """The rotation of Capsule's logs on any node."""
    return f"/etc/logrotate.d/capsule-{fleet.deployment}"


def kept_out(fleet: Fleet, node: Node) -> tuple[str, ...]:
    """What no backup of ``node`` holds and no restore touches: every store, and what only an installation may change.

    Yesterday's rules of sudo beside today's capsules would let nobody in. Capsule's own directories are not among
    them, because no dataset may lie around them.
    """
    return (*fleet.store_paths(node.name), cron_path(fleet), rotation_path(fleet), sudoers_path(fleet))


def own_writes(fleet: Fleet) -> tuple[str, ...]:
    """The directories that every run changes, whatever it does: its results, its log and its metrics."""
    paths = fleet.paths
    return tuple(path for path in (paths.state, paths.logs, paths.metrics) if path)


def tool_holes(node: Node) -> Holes:
    """The sealed path of every tool, ``-`` written as ``_`` in the hole's name."""
    return _tool_holes(tuple(node.tools.items()))


@cache
def _tool_holes(tools: tuple[tuple[str, str], ...]) -> Holes:
    """Once for each table of tools, of which a fleet has few: every capsule of every node asks for one."""
    return holes(**{name.replace("-", "_"): ShellWord.of(path) for name, path in tools})


def make_capsule(
    fleet: Fleet, node: Node, *, name: str, template: str, summary: str, origin: Origin, **extra: Hole
) -> Capsule:
    """A capsule of ``node``; ``extra`` are the template's own holes beside the common ones.

    Common are ``deployment``, ``node``, ``hostname``, ``machine_id``, ``capsule``, ``logs``, ``state``, ``metrics``,
    ``health_check``, ``programs`` (words) and ``tools`` (a record of words), and ``health_checked`` and
    ``identified`` (flags). The renderer adds ``build_id``, ``origin`` and ``summary``.
    """
    common: dict[str, Hole] = {
        "deployment": ShellWord.of(fleet.deployment),
        "node": ShellWord.of(node.name),
        "hostname": ShellWord.of(node.hostname),
        "identified": bool(node.machine_id),
        "machine_id": ShellWord.of(node.machine_id),
        "capsule": ShellWord.of(name),
        "logs": ShellWord.of(fleet.paths.logs),
        "state": ShellWord.of(fleet.paths.state),
        "metrics": ShellWord.of(fleet.paths.metrics),
        "health_checked": bool(fleet.health_check_url),
        "health_check": ShellWord.of(fleet.health_check_url.rstrip("/")),
        "programs": ShellWord.of(fleet.paths.programs),
        "tools": tool_holes(node),
    }
    return Capsule(
        name=name,
        path=capsule_path(fleet, name),
        template=template,
        holes=holes(**common, **extra),
        summary=summary,
        origin=origin,
    )
