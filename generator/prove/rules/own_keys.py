"""Keys that nodes make by themselves belong to edges of theirs, and every public half to one edge only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.diagnostics import Diagnostic, Severity
from generator.inventory.model import Node
from generator.inventory.refusal import meant
from generator.plan import Edge, Origin, OwnKey
from generator.prove.facts import Facts
from generator.prove.network import Network
from generator.prove.report import ProofReport
from generator.prove.wording import count, finding, spell_names

_NAMES = "a key is called <server>.<capsule>, or with restore_ and the like before it, as its file on the node"
_ONE_EACH = "each edge has a key of its own: correct the one that was copied wrongly, or have the node make another"
_LOOP = "install this build there, take the key back with `gen import puppetdb` or from what install.sh prints, "


def check(facts: Facts) -> ProofReport:
    """Codes C0462 (no such edge of the node), C0463 (a key twice), C0464 (not known yet, a warning)."""
    if not any(node.own_keys for node in facts.fleet.nodes):
        return ProofReport()
    network = Network.of(facts.plan)
    diagnostics = [*_misplaced(facts, network), *_twice(facts), *_unknown(network)]
    if any(one.severity is Severity.ERROR for one in diagnostics):
        return ProofReport(diagnostics=tuple(diagnostics))
    own = [key for keys in network.keys.values() for _, key in keys if isinstance(key, OwnKey) and key.public]
    if not own:
        return ProofReport(diagnostics=tuple(diagnostics))
    made = f"{count(len(own), 'key')} made by the nodes themselves: no build holds a private half of them"
    return ProofReport(diagnostics=tuple(diagnostics), proved=(made,))


def _misplaced(facts: Facts, network: Network) -> Iterator[Diagnostic]:
    clients: dict[str, set[str]] = defaultdict(set)
    for edge in network.keys:
        clients[edge.name].add(edge.client)
    for node in facts.fleet.nodes:
        held = {name for name, holders in clients.items() if node.name in holders}
        for name, own in node.own_keys.items():
            if name in held:
                continue
            if name in clients:
                said = f"`{node.name}` cannot make the key `{name}`: its private half lies on another node"
                advice = f"write it at {spell_names(sorted(clients[name]))}"
            else:
                said = f"`{node.name}` has no key `{name}` that it could make"
                advice = meant(name, held, _NAMES)
            yield finding("C0462", said, own.origin, advice)


def _twice(facts: Facts) -> Iterator[Diagnostic]:
    hosts = {key: node for node in facts.fleet.nodes for key in node.host_keys}
    first: dict[str, tuple[Node, str, Origin]] = {}
    for node in facts.fleet.nodes:
        for name, own in node.own_keys.items():
            for public in own.public:
                other = first.setdefault(public, (node, name, own.origin))
                if other != (node, name, own.origin):
                    said = f"the keys `{name}` of `{node.name}` and `{other[1]}` of `{other[0].name}` are the same"
                    yield finding("C0463", said, own.origin, _ONE_EACH, (other[2], "the other one"))
                if public in hosts:
                    said = f"the key `{name}` of `{node.name}` is the host key of `{hosts[public].name}`"
                    yield finding("C0463", said, own.origin, _ONE_EACH, (hosts[public].origin, "the host"))


def _unknown(network: Network) -> Iterator[Diagnostic]:
    for edge, keys in network.keys.items():
        for name, key in keys:
            if isinstance(key, OwnKey) and not key.public:
                yield finding("C0464", _cannot(edge, name), key.origin, _next(name), severity=Severity.WARNING)


def _cannot(edge: Edge, node: str) -> str:
    return (
        f"nobody knows the key `{edge.name}` of `{node}` yet: "
        f"it cannot run {edge.capsule} on `{edge.server}` until this names its public half"
    )


def _next(node: str) -> str:
    return f"{_LOOP}build, and install that on both: `{node}` makes the key when it is installed"
