"""Hand-written parts of the output: whole directories that lie beside the templates, in a wheel or a source tree."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path


@cache
def packaged_files(name: str, parts: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    """Path and content of every file of the packaged directory ``name``, sorted; only of the ``parts`` of it."""
    packaged = Path(str(resources.files("generator"))) / name
    root = packaged if packaged.is_dir() else packaged.parent.parent / name
    found = [path for part in parts for path in _files(root / part)]
    return tuple(sorted((path.relative_to(root).as_posix(), path.read_bytes()) for path in found))


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [inside for inside in path.rglob("*") if inside.is_file()]
