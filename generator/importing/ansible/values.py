"""Values of variables: what Ansible makes of a text in an INI file or of a YAML value, in the form that JSON has."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping
from datetime import date, time
from typing import Any

import yaml

from generator.importing.ansible.inventory import UNSAFE, VAULT


class BadValue(ValueError):
    """The text cannot be read; ``line`` counts from 1, or is None."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def ini_value(text: str) -> Any:
    """A Python literal where the text is one, else the text itself: ``True`` is a boolean, ``yes`` is not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return json_value("..." if value is ... else str(value) if isinstance(value, complex) else value)


def yaml_value(text: str) -> Any:
    """The value of a YAML or JSON document, by YAML 1.1 as Ansible has it; raises `BadValue`."""
    try:
        return json_value(json.loads(text))
    except RecursionError:
        raise BadValue("it is nested too deeply") from None
    except ValueError:
        pass
    try:
        loader = _Loader(text)
        try:
            return json_value(loader.get_single_data())
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is not YAML"
        raise BadValue(str(problem), None if mark is None else mark.line + 1) from None
    except RecursionError:
        raise BadValue("it is nested too deeply, or contains itself") from None


def json_value(value: Any) -> Any:
    """``value`` as it is after a journey through JSON."""
    return _plain(value, {})


def _plain(value: Any, known: dict[int, Any]) -> Any:
    # what aliases share stays shared: written out, a few lines could become gigabytes
    if id(value) in known:
        return known[id(value)][1]
    match value:
        case str() | bool() | int() | float() | None:
            return value
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case date() | time():
            return value.isoformat()
        case Mapping():
            made: Any = value[UNSAFE] if set(value) == {UNSAFE} else _mapping(value, known)
        case list() | tuple() | set() | frozenset():
            made = [_plain(one, known) for one in value]
        case _:
            made = str(value)
    known[id(value)] = (value, made)  # holding the value keeps its number from being given again
    return made


def _mapping(value: Mapping[Any, Any], known: dict[int, Any]) -> dict[str, Any]:
    return {_key(key): _plain(one, known) for key, one in value.items()}


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else str(json_value(key))


class _Loader(yaml.SafeLoader):
    """YAML with Ansible's own tags."""


def _vault(loader: _Loader, node: Any) -> dict[str, Any]:
    return {VAULT: loader.construct_scalar(node)}


def _unsafe(loader: _Loader, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    deep = loader.construct_sequence if isinstance(node, yaml.SequenceNode) else loader.construct_mapping
    return deep(node, deep=True)


_Loader.add_constructor("!vault", _vault)
_Loader.add_constructor("!vault-encrypted", _vault)
_Loader.add_constructor("!unsafe", _unsafe)
