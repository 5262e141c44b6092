"""The JSON Schema of the inventory, with every producer's own keys, and the reference that is written from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from generator.engines.discovery import keepers, producers, quiescers, snapshots, stores
from generator.engines.settings import EngineSettings
from generator.inventory.language import DatasetPart, InventoryPart, QuiescePart, SnapshotPart
from generator.inventory.plan_language import DirectedStorePart, ReplicaStorePart

# Of each part that engines add keys to: the stem of its definitions, the title of one of them, its own title.
TITLES: Mapping[type[BaseModel], tuple[str, str, str]] = {
    DatasetPart: ("Dataset", "A dataset of the producer", "A dataset"),
    SnapshotPart: ("Snapshot", "A snapshot by", "A snapshot"),
    QuiescePart: ("Quiescer", "A quiescer by", "A quiescer"),
    DirectedStorePart: ("DirectedStore", "A store of a plan that directs, by", "A store of a plan that directs"),
    ReplicaStorePart: ("ReplicaStore", "A replica kept by", "Where a replica is kept"),
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of an inventory; datasets know the keys of every installed producer."""
    schema = InventoryPart.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    _drop_computed_defaults(definitions)
    _branch(definitions, DatasetPart, "producer", {name: one.settings for name, one in producers().items()})
    _branch(definitions, SnapshotPart, "engine", {name: one.settings for name, one in snapshots().items()})
    _branch(definitions, QuiescePart, "engine", {name: one.settings for name, one in quiescers().items()})
    keeping = {name: one.keeper_settings for name, one in keepers().items()}
    _branch(definitions, DirectedStorePart, "engine", keeping)
    _branch(definitions, ReplicaStorePart, "engine", keeping)
    definitions["StorePart"]["properties"]["engine"]["enum"] = list(stores())
    return {"$schema": DIALECT, "title": "Capsule inventory", **{k: v for k, v in schema.items() if k != "title"}}


def _branch(
    definitions: dict[str, Any], part: type[BaseModel], word: str, engines: Mapping[str, type[EngineSettings]]
) -> None:
    """Replaces the definition of ``part`` by one of those that each of ``engines`` makes with its own keys."""
    title = TITLES[part]
    common = definitions[part.__name__]["properties"]
    common[word] = {**common[word], "enum": list(engines)}
    common[word].pop("anyOf", None)
    branches = []
    for name, settings in engines.items():
        own = settings.model_json_schema(by_alias=True)
        definitions.update(own.pop("$defs", {}))
        # partial on purpose: layers may divide a mapping's keys between them
        definitions[f"{title[0]}-{name}"] = {
            "title": f"{title[1]} {name}",
            "description": _first_line(settings.__doc__),
            "type": "object",
            "properties": {
                **common,
                word: {"const": name, "description": common[word]["description"]},
                **own.get("properties", {}),
            },
            "additionalProperties": False,
        }
        branches.append({"$ref": f"#/$defs/{title[0]}-{name}"})
    definitions[part.__name__] = {"title": title[2], "description": _first_line(part.__doc__), "anyOf": branches}


def _drop_computed_defaults(definitions: dict[str, Any]) -> None:
    """Durations and sizes are numbers only after reading; their defaults are in words."""
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            if field.get("type") == "string" and isinstance(field.get("default"), int):
                del field["default"]


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n\n")[0].replace("\n", " ")
