"""Every edge is whole on both ends, and nothing is left over; read from the artifacts, not from what made them.

An edge is whole if its client has the key and the server's pinned host keys, and the server has one authorized line
for it, from all addresses of the client and no others, for a capsule that exists, is granted to the operator and is a
sealed sender, or an order that its plan's director may give. Lines, grants, keys and pinned hosts without an edge are
left over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.diagnostics import Diagnostic
from generator.plan import AuthorizedKey, Edge, Origin, OwnKey
from generator.prove.facts import Facts
from generator.prove.network import Network
from generator.prove.report import ProofReport
from generator.prove.verbs import SENDER, Order, orders
from generator.prove.wording import count, finding, spell_names

OUR_BUG = "this is a bug of the compiler, not of the inventory: please report it with the inventory"


def check(facts: Facts) -> ProofReport:
    """Codes C0441 (edge not whole), C0442 (left over), C0443 (key shared), C0444 (not listed), C0445 (not theirs)."""
    network = Network.of(facts.plan)
    known = orders(facts.fleet)
    diagnostics: list[Diagnostic] = []
    for edge, keys in network.keys.items():
        diagnostics += [_problem("C0441", edge, text, keys[0][1].origin) for text in _gaps(facts, network, edge)]
        if len(keys) > 1:
            text = f"has {len(keys)} keys, on {spell_names([name for name, _ in keys])}"
            diagnostics.append(_problem("C0443", edge, text, keys[0][1].origin))
    diagnostics += [*_shared(network), *_left_over(network), *_unlisted(network, known), *_strangers(network, known)]
    if diagnostics or not network.keys:
        return ProofReport(diagnostics=tuple(diagnostics))
    waiting = sum(_is_unknown(network, edge) for edge in network.keys)
    edges = count(len(network.keys) - waiting, "connection")
    left = f"{waiting} more wait for a key that nobody knows yet, and let nobody in; " if waiting else ""
    return ProofReport(
        proved=(
            f"{edges}: each has a key of its own, one authorized line, a sudo rule and a pinned host key; "
            f"{left}nothing is left over",
            _closed(network, known),
        )
    )


def _is_unknown(network: Network, edge: Edge) -> bool:
    """Whether the edge's client makes the key by itself, and nobody knows its public half."""
    _, key = network.keys[edge][0]
    return isinstance(key, OwnKey) and not key.public


def _closed(network: Network, known: Mapping[tuple[str, str], Order]) -> str:
    rules = count(len(network.granted), "sudo rule")
    given = {known[name, path.rpartition("/")[2]].verb for name, path in network.granted if _order(known, name, path)}
    if not given:
        return f"over the network only sealed senders can be run ({rules}); nothing reachable writes or deletes"
    return (
        f"over the network only sealed senders can be run, and what directors order ({rules}: "
        f"{', '.join(sorted(given))}); nobody can hand data to another node, or take more than it offers"
    )


def _order(known: Mapping[tuple[str, str], Order], node: str, path: str) -> Order | None:
    return known.get((node, path.rpartition("/")[2]))


def _gaps(facts: Facts, network: Network, edge: Edge) -> Iterator[str]:
    """What an edge that has a key lacks."""
    holders = network.keys[edge]
    if any(name != edge.client for name, _ in holders):
        yield f"has its key on {spell_names([name for name, _ in holders])} instead of {edge.client}"
    if edge.server not in facts.nodes or edge.client not in facts.nodes:
        yield "joins nodes that are not in the inventory"
        return
    pinned = network.pinned.get((edge.client, edge.server), [])
    if [sorted(host.keys) for host in pinned] != [sorted(facts.nodes[edge.server].host_keys)]:
        yield f"needs the host keys of {edge.server} pinned on {edge.client} once, as the inventory has them"
    lines = network.lines.get(edge, [])
    if _is_unknown(network, edge):
        if lines:
            yield f"is authorized on {edge.server}, and nobody knows its key"
        return
    if [name for name, _ in lines] != [edge.server]:
        yield f"needs one authorized line on {edge.server}, and has {len(lines)}"
        return
    yield from _line_gaps(facts, network, edge, lines[0][1])


def _line_gaps(facts: Facts, network: Network, edge: Edge, line: AuthorizedKey) -> Iterator[str]:
    egress = facts.nodes[edge.client].egress
    if not egress or not set(egress) <= set(line.addresses) <= {*egress, *_itself(facts, edge)}:
        yield f"is authorized from {', '.join(line.addresses) or 'nowhere'}, and {edge.client} connects from " + (
            ", ".join(egress) or "nowhere"
        )
    _, key = network.keys[edge][0]
    own = key.public if isinstance(key, OwnKey) else ()
    if line.own != own:
        yield "is authorized with other keys than those that the inventory has of its node"
    if set(line.epochs) != (set() if isinstance(key, OwnKey) else _accepted(facts, edge)):
        yield f"uses the key of epoch {edge.epoch}, and epochs {', '.join(map(str, line.epochs))} are authorized"
    capsule = network.capsules.get((edge.server, line.capsule_path))
    if capsule is None or capsule.name != edge.capsule:
        yield f"may run {line.capsule_path}, which is not the capsule {edge.capsule} of {edge.server}"
    if (edge.server, line.capsule_path) not in network.granted:
        yield f"may run {line.capsule_path}, which sudo on {edge.server} does not grant"


def _accepted(facts: Facts, edge: Edge) -> set[int]:
    """The epochs of the keys that the edge's server must take, and no others."""
    epochs = facts.fleet.epochs
    previous = {edge.epoch - 1} if epochs.accept_previous and edge.epoch > 1 else set()
    following = {edge.epoch + 1} if epochs.accept_next else set()
    return {edge.epoch} | previous | following


def _itself(facts: Facts, edge: Edge) -> set[str]:
    """Where a machine's connections to itself may come from besides its egress."""
    return {facts.nodes[edge.client].address, "127.0.0.1", "::1"} if edge.client == edge.server else set()


def _shared(network: Network) -> Iterator[Diagnostic]:
    """Edges that differ in their epoch only are one permission with two keys; one file cannot hold two keys."""
    permissions: dict[tuple[str, ...], Edge] = {}
    files: dict[tuple[str, str], Edge] = {}
    for edge, keys in network.keys.items():
        permission = (edge.purpose, edge.client, edge.account, edge.server, edge.capsule)
        if permissions.setdefault(permission, edge) != edge:
            yield _problem("C0443", edge, "has a second key", keys[0][1].origin)
        for name, key in keys:
            if files.setdefault((name, key.path), edge) != edge:
                yield _problem("C0443", edge, f"shares the key file {key.path} of {name}", key.origin)


def _left_over(network: Network) -> Iterator[Diagnostic]:
    for edge, lines in network.lines.items():
        if edge not in network.keys:
            yield _problem("C0442", edge, f"is authorized on {lines[0][0]} and has no key", lines[0][1].origin)
    used = {(name, line.capsule_path) for lines in network.lines.values() for name, line in lines}
    for (name, path), origins in network.granted.items():
        if (name, path) not in used:
            yield finding("C0442", f"sudo on {name} grants {path}, and no key runs it", origins[0], OUR_BUG)
        if len(origins) > 1:
            yield finding("C0442", f"sudo on {name} grants {path} {len(origins)} times", origins[0], OUR_BUG)
    needed = {(edge.client, edge.server) for edge in network.keys}
    for (name, alias), hosts in network.pinned.items():
        if (name, alias) not in needed:
            yield finding("C0442", f"{name} pins {alias} and has no key for it", hosts[0].origin, OUR_BUG)


def _unlisted(network: Network, known: Mapping[tuple[str, str], Order]) -> Iterator[Diagnostic]:
    """Everything that the operator may run, by a key or not, must be on the closed list."""
    reachable = {(name, line.capsule_path): line.origin for lines in network.lines.values() for name, line in lines}
    for name, path in sorted(reachable.keys() | network.granted.keys()):
        capsule = network.capsules.get((name, path))
        if capsule is None or not (capsule.name.startswith(SENDER) or (name, capsule.name) in known):
            origin = reachable.get((name, path)) or network.granted[name, path][0]
            what = "which is not a capsule" if capsule is None else "which is neither a sender nor an order"
            yield finding("C0444", f"{path} on {name} can be reached over the network, {what}", origin, OUR_BUG)


def _strangers(network: Network, known: Mapping[tuple[str, str], Order]) -> Iterator[Diagnostic]:
    """Orders are given by whoever directs the plan, and by root alone."""
    for edge, lines in network.lines.items():
        order = known.get((edge.server, edge.capsule))
        if order is not None and (edge.client not in order.callers or edge.account != "root"):
            callers = spell_names(sorted(order.callers))
            text = f"is an order that only root on {callers} may give"
            yield _problem("C0445", edge, text, lines[0][1].origin)


def _problem(code: str, edge: Edge, text: str, origin: Origin) -> Diagnostic:
    message = f"the connection of {edge.client} to {edge.capsule} on {edge.server} {text}"
    return finding(code, message, origin, OUR_BUG)
