"""``docs/inventory.md``: every key of the language, written from the schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.inventory.schema import json_schema

HEAD = """\
# The inventory

<!-- Written by `make docs` from generator/inventory/language.py and the engines; change it there. -->

One YAML file names a fleet: its nodes, what is protected on them, and the plans by which that happens. `gen init`
writes a first one, `gen check` proves it, `gen schema` prints the same reference for editors. A whole example is
`inventory/kaizen.yml`, and one with a director `inventory/sbdi.yml`.

**Layers.** Settings of nodes are put together from weak to strong: what is built in, `defaults`, the profiles of the
node's groups and its own (a later one is stronger), its groups, the node itself. Mappings are merged key by key,
lists replace, and `null` removes a dataset, a quiescer, a restore point or a key of them. A layer that names another
producer, or another engine of a snapshot or a quiescer, starts it afresh. Groups have no order: two groups that set
one thing differently are an error.

**Values.** A duration has a unit: `45s`, `90m`, `26h`, `2d`, `1h30m`. So has a size, in powers of 1024: `512M`, `5G`.
A schedule is five crontab(5) fields, in the time zone of the node that runs it. Names are lower-case letters, digits,
dots and hyphens.

**YAML, but less of it.** One document in UTF-8, no tabs, no anchors, aliases, merge keys or tags: profiles and groups
are how things are shared. Words about which YAML readers disagree (`yes`, `no`, `on`, `off`, `0755`, `0x1f`, `1_000`)
must be quoted; `12:30`, `2026-11-01` and `1.5` are text.

**Secrets.** The inventory holds none. `{secret: env NAME}`, `{secret: file PATH}` (relative to the inventory) and
`{secret: command …}` name one, which is read when it is needed and shown nowhere.
"""

ENGINE_TITLES = {
    "Dataset": "Dataset",
    "Snapshot": "Snapshot",
    "Quiescer": "Quiescer",
    "DirectedStore": "Store of a plan that directs",
    "ReplicaStore": "Store of a plan that replicates",
}
PLAIN_TYPES = {"integer": "number", "boolean": "`true` or `false`", "string": "text", "null": "`null`"}


def reference() -> str:
    """The document, for ``docs/inventory.md``."""
    schema = json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    parts = [HEAD, _section("The file", schema)]
    for name in _reachable(schema, definitions):
        definition = definitions[name]
        if "properties" in definition:
            parts.append(_section(_title(name, definition), definition))
    return "\n".join(parts)


def _section(title: str, definition: dict[str, Any]) -> str:
    required = definition.get("required", ())
    lines = [f"## {title}", ""]
    if description := definition.get("description", ""):
        lines += [description, ""]
    lines += ["| key | value | meaning |", "|---|---|---|"]
    for key, field in definition["properties"].items():
        needed = " (needed)" if key in required else ""
        lines.append(f"| `{key}`{needed} | {_cell(_type(_present(field)))} | {_cell(_meaning(field))} |")
    return "\n".join(lines) + "\n"


def _meaning(field: dict[str, Any]) -> str:
    text = str(field.get("description", ""))
    default = field.get("default")
    if default not in (None, [], {}, "") and not isinstance(default, dict) and "Default" not in text:
        shown = str(default).lower() if isinstance(default, bool) else default
        text = f"{text}. Default: `{shown}`"
    if examples := field.get("examples"):
        text = f"{text}; such as {', '.join(f'`{example}`' for example in examples)}"
    return text[:1].upper() + text[1:]


def _present(field: dict[str, Any]) -> dict[str, Any]:
    """The field without the null that only says that a key may be left out."""
    options = [one for one in field.get("anyOf", ()) if one != {"type": "null"}]
    return {"anyOf": options} if options else field


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        title = _title(str(field["$ref"]).rpartition("/")[2], {})
        return title[:1].lower() + title[1:]
    if "const" in field:
        return f"`{field['const']}`" if field["const"] != "" else "nothing"
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(dict.fromkeys(_type(one) for one in field[key]))
    match field.get("type"):
        case "array":
            return f"list of {_type(field.get('items', {}))}"
        case "object":
            return f"by name: {_type(field.get('additionalProperties') or {})}"
        case kind:
            return PLAIN_TYPES[str(kind)]


def _title(name: str, definition: dict[str, Any]) -> str:
    stem, divided, engine = name.partition("-")
    if divided and stem in ENGINE_TITLES:
        return f"{ENGINE_TITLES[stem]}: {engine}"
    titles = {
        "LayerPart": "Settings of nodes",
        "ProtectPart": "Plan that protects",
        "CollectPart": "Plan that collects",
        "DatasetPart": "Dataset",
        "RestorePointPart": "Restore point",
        "DirectPart": "Plan that directs",
        "ReplicatePart": "Plan that replicates",
        "DirectedStorePart": "Store of a plan that directs",
        "ReplicaStorePart": "Store of a plan that replicates",
        "FanOutPart": "Fan-out",
        "DirectedRestorePart": "Directed restore",
    }
    return titles.get(name, name.removesuffix("Part") or str(definition.get("title", name)))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _reachable(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """Names of definitions in the order in which a reader meets them."""
    seen: set[str] = set()
    waiting = list(_references(schema["properties"]))
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            yield name
            waiting += _references(definitions[name])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for below in value.values():
            yield from _references(below)
    elif isinstance(value, list):
        for below in value:
            yield from _references(below)
