"""Public halves of keys that nodes have made: taken where the inventory waits for one, and never over another.

What a node tells is anybody's who has root there. It can only answer for itself, for keys that the inventory says it
makes, with nothing but an ssh-ed25519 key that nobody else has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from generator.diagnostics.model import Diagnostic, Severity
from generator.importing.document import Document
from generator.inventory.own_keys import UNKNOWN
from generator.keys.openssh import Malformed, parse_public_line
from generator.plan.origin import Span
from generator.source import Mapping as Tree
from generator.source import Node, plain

# What each node tells, by certname: anything at all; if all is well, public halves by deployment and name of the key.
Told: TypeAlias = Mapping[str, Any]

_EXACTLY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/]{68}")


@dataclass(slots=True)
class OwnKeys:
    """Brings what nodes tell into ``document``, whose tree with places is ``tree``."""

    document: Document
    tree: Tree
    told: Told
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def fill(self) -> None:
        """Replace each `unknown` by what the node of that very certname tells, and say what cannot be taken."""
        waiting = list(self._waiting())
        offered = Counter(answer for _, _, _, answer in waiting if isinstance(answer, str))
        pinned = set(_public_keys(plain(self.tree)))
        for node, name, entry, answer in waiting:
            here = _public_keys(plain(entry))
            if answer is None:
                self._silent(node, name, entry.span, known=bool(here))
            elif answer in here:
                continue
            elif not _is_public_half(answer):
                self._refused(node, name, entry.span, "is not the public half of an ssh-ed25519 key")
            elif answer in pinned or offered[answer] > 1:
                self._refused(node, name, entry.span, "is somebody else's, too")
            elif here:
                self._changed(node, name, entry.span, answer)
            elif plain(entry) == UNKNOWN:
                self.document.replace(("nodes", node, "own_keys", name), answer)

    def _waiting(self) -> Iterator[tuple[str, str, Node, Any]]:
        """Node, key, the value in the inventory, and what the node tells, or None."""
        said = plain(self.tree)
        prefix, fleet = said.get("deployment_prefix") or "", said.get("fleet")
        deployment = f"{prefix}-{fleet}" if prefix else fleet
        nodes = self.tree.get("nodes")
        for name, node in nodes.entries.items() if isinstance(nodes, Tree) else ():
            own = node.value.get("own_keys") if isinstance(node.value, Tree) else None
            if isinstance(own, Tree):
                answers = _mapping(
                    _mapping(self.told.get(_certname(name, plain(node.value), prefix))).get(deployment)
                )
                for key, entry in own.entries.items():
                    yield name, key, entry.value, answers.get(key)

    def _silent(self, node: str, name: str, place: Span, *, known: bool) -> None:
        if not known:
            said = f"`{node}` has not told the public half of its key `{name}`"
            advice = "install the build there, which makes the key, and gather the node's facts again after that"
            self._say("C0726", said, place, advice, Severity.WARNING)

    def _refused(self, node: str, name: str, place: Span, why: str) -> None:
        said = f"what `{node}` tells as the public half of its key `{name}` {why}"
        self._say("C0725", said, place, "nothing was taken: find out on the node itself how this came about")

    def _changed(self, node: str, name: str, place: Span, answer: str) -> None:
        said = f"`{node}` tells another public half of its key `{name}` than stands here: {answer}"
        advice = "what stands here stays: write the other one here if you know why it changed"
        self._say("C0724", said, place, advice)

    def _say(self, code: str, said: str, place: Span, advice: str, severity: Severity = Severity.ERROR) -> None:
        found = Diagnostic(code=code, message=said, span=place, advice=advice, severity=severity)
        self.diagnostics.append(found)


def _certname(name: str, node: Mapping[str, Any], prefix: str) -> str:
    """As the inventory resolves it."""
    hostname = node.get("hostname") or (f"{prefix}-{name}" if prefix else name)
    return str(node.get("certname") or str(hostname).lower())


def _is_public_half(answer: Any) -> bool:
    if not isinstance(answer, str) or not _EXACTLY.fullmatch(answer):
        return False
    try:
        parse_public_line(answer)
    except Malformed:
        return False
    return True


def _public_keys(value: Any) -> tuple[str, ...]:
    """Every public key anywhere in ``value``, without its comment."""
    if isinstance(value, Mapping):
        return tuple(key for one in value.values() for key in _public_keys(one))
    if isinstance(value, (list, tuple)):
        return tuple(key for one in value for key in _public_keys(one))
    words = value.split() if isinstance(value, str) else []
    return (" ".join(words[:2]),) if len(words) > 1 and words[0] == "ssh-ed25519" else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
