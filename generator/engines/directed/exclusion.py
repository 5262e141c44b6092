"""What a part leaves out, as rsync reads it and as a regular expression for lists of paths."""

from __future__ import annotations

import re

from generator.engines.capsules import kept_out
from generator.engines.directed.names import dataset_path
from generator.engines.producers.paths import PathsSettings, filter_pattern, inner_patterns
from generator.inventory.model import Dataset, Fleet, Node

_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
_ANY_CHARACTER = r"([^/\\]|\\[0-7][0-7][0-7])"


def part_excludes(fleet: Fleet, node: Node, dataset: Dataset) -> tuple[str, ...]:
    """Patterns of rsync's filters, anchored at the dataset's path, for what no part of ``dataset`` holds.

    They are what the dataset excludes itself, every store of the node, and the files that only an installation may
    change; a restore that deletes what a backup lacks must use them too.
    """
    path = dataset_path(dataset).rstrip("/")
    own = inner_patterns(dataset.settings) if isinstance(dataset.settings, PathsSettings) else ()
    kept = tuple(
        filter_pattern(other.removeprefix(path)) for other in kept_out(fleet, node) if other.startswith(f"{path}/")
    )
    return (*own, *kept)


def left_out_expression(patterns: tuple[str, ...]) -> str:
    """An extended regular expression that matches what rsync leaves out by ``patterns``, all of them anchored.

    It is for paths relative to the dataset, as manifests write them, with a slash behind those of directories; empty
    where nothing is left out. Source: rsync(1), "PATTERN MATCHING RULES".
    """
    if not patterns:
        return ""
    return f"^({'|'.join(_expression(pattern) for pattern in patterns)})"


def _expression(pattern: str) -> str:
    body = pattern.lstrip("/")
    whole = body.endswith("***")
    directories_only = body.endswith("/")
    inner = body.removesuffix("***").rstrip("/") if whole else body.rstrip("/")
    translated = _wild(inner) if re.search(r"[*?\[]", body) else "".join(map(_literal, inner))
    return f"{translated}/" if directories_only or whole else f"{translated}(/|$)"


def _wild(pattern: str) -> str:
    parts: list[str] = []
    position = 0
    for found in re.finditer(r"\\(.)|(\*\*+)|(\*)|(\?)|(\[!?\^?\]?(?:\[:\w+:\]|[^\]])*\])", pattern):
        parts += map(_literal, pattern[position : found.start()])
        escaped, everything, some, one, several = found.groups()
        if escaped is not None:
            parts.append(_literal(escaped))
        elif everything is not None or some is not None:
            # a whole component is never empty: what lies behind the slash of a directory is something
            alone = pattern[: found.start()][-1:] in ("", "/") and pattern[found.end() :][:1] in ("", "/")
            parts.append(("." if some is None else "[^/]") + ("+" if alone else "*"))
        elif one is not None:
            parts.append(_ANY_CHARACTER)
        else:
            parts.append(f"[^/{several[2:]}" if several.startswith(("[!", "[^")) else several)
        position = found.end()
    return "".join((*parts, *map(_literal, pattern[position:])))


def _literal(character: str) -> str:
    if character == "\\":
        return r"\\134"  # as a manifest writes it
    return rf"\{character}" if _SPECIAL.match(character) else character
