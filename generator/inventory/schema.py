"""The JSON Schema of the inventory, with every producer's own keys, and the reference that is written from it."""

from __future__ import annotations

from typing import Any

from generator.engines.discovery import producers, stores
from generator.inventory.language import DatasetPart, InventoryPart

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of an inventory; datasets know the keys of every installed producer."""
    schema = InventoryPart.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    _drop_computed_defaults(definitions)
    dataset = definitions[DatasetPart.__name__]
    common = dataset["properties"]
    common["producer"] = {**common["producer"], "enum": list(producers())}
    common["producer"].pop("anyOf", None)
    branches = []
    for name, engine in producers().items():
        own = engine.settings.model_json_schema(by_alias=True)
        definitions.update(own.pop("$defs", {}))
        # partial on purpose: layers may divide a dataset's keys between them
        definitions[f"Dataset-{name}"] = {
            "title": f"A dataset of the producer {name}",
            "description": _first_line(engine.settings.__doc__),
            "type": "object",
            "properties": {**common, "producer": {"const": name}, **own.get("properties", {})},
            "additionalProperties": False,
        }
        branches.append({"$ref": f"#/$defs/Dataset-{name}"})
    definitions[DatasetPart.__name__] = {
        "title": "A dataset",
        "description": _first_line(DatasetPart.__doc__),
        "anyOf": branches,
    }
    definitions["StorePart"]["properties"]["engine"]["enum"] = list(stores())
    return {"$schema": DIALECT, "title": "Capsule inventory", **{k: v for k, v in schema.items() if k != "title"}}


def _drop_computed_defaults(definitions: dict[str, Any]) -> None:
    """Durations and sizes are numbers only after reading; their defaults are in words."""
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            if field.get("type") == "string" and isinstance(field.get("default"), int):
                del field["default"]


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n\n")[0].replace("\n", " ")
