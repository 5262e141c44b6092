"""Keys that nodes make themselves: what the inventory may say of their public halves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from generator.inventory.hostkeys import BadPublicKey, PrivateKeyShown, parse_public_key
from generator.inventory.model import OwnKey
from generator.inventory.refusal import refuse
from generator.plan.origin import Origin, Span
from generator.source import Mapping as Tree

UNKNOWN = "unknown"
KIND = "ssh-ed25519"
MOST = 2  # the key in use, and the one that takes its place
_COPY = f"copy what `install.sh` printed on the node, or write `{UNKNOWN}` until the node has made the key"


def _listed(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return value
    if not isinstance(value, str):
        raise refuse("C0224", "the public half of a key is a text", _COPY)
    return (value,)


def _public_half(value: str) -> str:
    if value == UNKNOWN:
        return value
    try:
        key = parse_public_key(value)
    except PrivateKeyShown as error:
        advice = "take the line of the .pub file, and have the node make another key: this one has been shown"
        raise refuse("C0224", str(error), advice) from None
    except BadPublicKey as error:
        raise refuse("C0224", str(error), _COPY) from None
    if not key.startswith(f"{KIND} "):
        raise refuse("C0224", f"a node makes its keys as {KIND}, and this is {key.split()[0]}", _COPY)
    return key


def _together(keys: tuple[str, ...]) -> tuple[str, ...]:
    if keys == (UNKNOWN,):
        return ()
    if not keys or UNKNOWN in keys:
        raise refuse("C0224", f"`{UNKNOWN}` stands alone, without a list", _COPY)
    if len(set(keys)) > MOST:
        said = f"{len(set(keys))} keys for one edge: only the one in use and the next are accepted together"
        raise refuse("C0224", said, "delete those that the node no longer uses")
    return tuple(dict.fromkeys(keys))


OwnKeys: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_public_half)], ...],
    BeforeValidator(_listed),
    AfterValidator(_together),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": MOST}]}),
]


def own_keys(node: str, part: Mapping[str, tuple[str, ...]], tree: Tree) -> dict[str, OwnKey]:
    """What the node called ``node``, whose mapping is ``tree``, says of its own keys, by the name of their edge."""
    places = tree.get("own_keys")
    found = {}
    for name, public in sorted(part.items()):
        place: Span | None = places.entries[name].key if isinstance(places, Tree) else None
        found[name] = OwnKey(public=public, origin=Origin(path=f"nodes.{node}.own_keys.{name}", span=place))
    return found
