"""Collects diagnostics, and turns pydantic's errors into them, each at the place in the file that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Context
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from generator.diagnostics.model import Diagnostic, Label, Severity
from generator.inventory.hostkeys import PRIVATE
from generator.inventory.refusal import meant, nearest
from generator.plan.origin import Span
from generator.source import Mapping, Node, Scalar, Sequence

TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "null",
}


class Report:
    """Diagnostics in the order found, each once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}

    def error(self, code: str, message: str, span: Span | None, advice: str, *labels: Label) -> None:
        """Records an error."""
        self.add([Diagnostic(code=code, message=message, span=span, advice=advice, labels=labels)])

    def warn(self, code: str, message: str, span: Span | None, advice: str, *labels: Label) -> None:
        """Records a warning."""
        warning = Severity.WARNING
        self.add([Diagnostic(code=code, message=message, span=span, advice=advice, labels=labels, severity=warning)])

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Records ``diagnostics`` that are not there yet."""
        self._found.update(dict.fromkeys(diagnostics))

    @property
    def failed(self) -> bool:
        """Whether there is any error."""
        return any(one.severity is Severity.ERROR for one in self._found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All diagnostics by place in the file; those without a place come first."""
        return tuple(sorted(self._found, key=_position))


def _position(one: Diagnostic) -> tuple[str, int, int, str]:
    if one.span is None:
        return ("", 0, 0, one.code)
    return (one.span.file, one.span.line, one.span.column, one.code)


def translate(
    error: ValidationError, tree: Node, model: type[BaseModel], beside: Iterable[str] = ()
) -> list[Diagnostic]:
    """The diagnostics that pydantic's ``error`` about ``tree`` means; ``beside`` are more keys of the top mapping."""
    errors = error.errors(include_url=False)
    places = [one["loc"] for one in errors]
    misspelt = {(*one["loc"][:-1], _near(one, model, beside)) for one in errors if one["type"] == "extra_forbidden"}
    return [
        _translate(one, tree, model, beside)
        for one in errors
        if not _said_by_parser(one, tree) and not _follows(one, places)
        if one["type"] != "missing" or one["loc"] not in misspelt
    ]


def _near(error: ErrorDetails, model: type[BaseModel], beside: Iterable[str]) -> str:
    """The key that an unknown one was probably meant to be, or nothing."""
    known = [*_keys_at(error["loc"], model), *(beside if len(error["loc"]) == 1 else ())]
    return nearest(str(error["loc"][-1]), known)


def _follows(error: ErrorDetails, places: list[tuple[int | str, ...]]) -> bool:
    """Whether a list is too short only because one of its items was refused."""
    depth = len(error["loc"])
    return error["type"] == "too_short" and any(
        len(place) > depth and place[:depth] == error["loc"] for place in places
    )


def _said_by_parser(error: ErrorDetails, tree: Node) -> bool:
    """Whether ``error`` is about a key without a value, which C0113 has said."""
    node, _, _ = _locate(error["loc"], tree)
    return isinstance(node, Scalar) and not node.written


def _translate(error: ErrorDetails, tree: Node, model: type[BaseModel], beside: Iterable[str]) -> Diagnostic:
    node, span, missing = _locate(error["loc"], tree)
    kind, context = error["type"], error.get("ctx", {})
    if kind.startswith("C0"):
        return _diagnostic(kind, str(context["problem"]), span, str(context["advice"]))
    if kind == "extra_forbidden":
        known = [*_keys_at(error["loc"], model), *(beside if len(error["loc"]) == 1 else ())]
        advice = meant(str(missing), known, "there is no such key here")
        return _diagnostic("C0201", f"unknown key `{missing}`", _key_span(error["loc"], tree) or span, advice)
    if kind == "missing":
        said = f"the key `{missing}` is missing here"
        return _diagnostic("C0202", said, span, f"add `{missing}: …`; `gen schema` describes it")
    if kind in TYPES or kind.endswith("_type"):
        wanted = TYPES.get(kind, "another kind of value")
        said = f"{wanted} is needed here, and this is {_kind_of(node)}"
        return _diagnostic("C0203", said, span, _type_advice(kind, node))
    if kind in ("literal_error", "enum"):
        if error["loc"] == ("capsule",) and isinstance(node, Scalar) and type(node.value) is int:
            said = f"this is written in version {node.value} of the language, and this `gen` knows version 1"
            return _diagnostic("C0204", said, span, _version_advice(node.value))
        expected = str(context["expected"])
        word = str(node.value) if isinstance(node, Scalar) else ""
        advice = meant(word, expected.replace("'", "").replace(" or ", ", ").split(", "), f"write {expected}")
        return _diagnostic("C0204", f"{_kind_of(node)} cannot stand here", span, advice.partition("; there is")[0])
    if kind.startswith(("greater_than", "less_than")):
        return _diagnostic("C0206", f"{_kind_of(node)} is out of range", span, _range_advice(context))
    return _other(kind, context, node, span)


def _version_advice(version: int) -> str:
    return "install a newer Capsule" if version > 1 else "write 1"


def _range_advice(context: Context[str, Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return " and ".join(f"write {words[key]} {limit}" for key, limit in context.items() if key in words)


def _other(kind: str, context: Context[str, Any], node: Node, span: Span) -> Diagnostic:
    """In our words what has none of its own: the validator's, made for programmers, are never shown."""
    if kind in ("too_short", "string_too_short"):
        least = context["min_length"]
        said = "a text is needed here" if kind == "string_too_short" else f"at least {least} is needed in this list"
        return _diagnostic("C0205", f"{said}, and this is {_empty(node)}", span, "write it, or delete the key")
    if kind == "value_error":  # an engine's own sentence
        return _diagnostic("C0205", _lowered(str(context["error"])), span, "change the value")
    return _diagnostic("C0205", f"{_kind_of(node)} cannot stand here", span, "`gen schema` describes what can")


def _empty(node: Node) -> str:
    empty = (isinstance(node, Sequence) and not node.items) or (isinstance(node, Scalar) and not node.value)
    return "empty" if empty else f"{_kind_of(node)} that is shorter"


def _diagnostic(code: str, message: str, span: Span, advice: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, span=span, advice=advice)


def _locate(location: tuple[int | str, ...], tree: Node) -> tuple[Node, Span, str]:
    """The node at ``location`` or the nearest above it, the span to show, and the first step that is not there."""
    node, span = tree, tree.span
    for step in location:
        if isinstance(step, str) and step.startswith("<"):
            continue  # which kind of plan pydantic took it for
        if step == "[key]":
            return node, span, ""
        if isinstance(node, Mapping) and (entry := node.entries.get(str(step))) is not None:
            node, span = entry.value, entry.key if isinstance(entry.value, Mapping) else entry.value.span
            if step == location[-1] and isinstance(node, Mapping | Sequence):
                span = entry.key
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            span = node.span
        else:
            return node, span, str(step)
    return node, span, str(location[-1]) if location else ""


def _key_span(location: tuple[int | str, ...], tree: Node) -> Span | None:
    """The place of the key at ``location`` itself."""
    above, _, _ = _locate(location[:-1], tree)
    entry = above.entries.get(str(location[-1])) if isinstance(above, Mapping) else None
    return None if entry is None else entry.key


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys that could stand beside the unknown one at ``location``."""
    annotation: Any = model
    for step in location[:-1]:
        annotation = _step(annotation, step)
    found = _models(annotation)
    if len(location) > 1 and isinstance(location[-2], str) and location[-2].startswith("<"):
        found = [one for one in found if location[-2][1:-1] in one.model_fields]
    return [field.alias or name for one in found for name, field in one.model_fields.items()]


def _step(annotation: Any, step: int | str) -> Any:
    if isinstance(step, str) and step.startswith("<"):
        return annotation
    for one in _models(annotation):
        if step in one.model_fields:
            return one.model_fields[step].annotation
    return annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models(argument)]


def _kind_of(node: Node) -> str:
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool(value)):
            return f"the truth value {'true' if value else 'false'}"
        case Scalar(value=int(value)):
            return f"the number {value}"
        case _ if PRIVATE.search(str(node.value)):
            return "the text of a PRIVATE key"
        case _:
            return f"the text `{node.value}`"


def _type_advice(kind: str, node: Node) -> str:
    if kind == "string_type" and isinstance(node, Scalar) and node.value is not None:
        return "put it into quotes"
    if kind == "tuple_type" and isinstance(node, Scalar) and node.value is not None:
        return "put it into brackets: [ … ]"
    if kind in ("int_type", "bool_type") and isinstance(node, Scalar) and isinstance(node.value, str):
        return "write it without quotes and units"
    return "`gen schema` describes what can stand here"


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
