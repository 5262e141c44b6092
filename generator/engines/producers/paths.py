"""Producer `paths`: files and directories, copied as they are."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from generator.engines.settings import EngineSettings
from generator.inventory.model import Dataset, Node
from generator.inventory.refusal import refuse
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, holes
from generator.quoting import ShellWord

WILDCARD = re.compile(r"[*?\[]")
EVERYTHING = re.compile(r"\?*\*[*?]*|")


class PathsSettings(EngineSettings):
    """What a `paths` dataset is made of.

    An exclude is relative to each of the dataset's paths, or absolute and below one of them. The wildcards of
    rsync(1) mean what they mean there; everything else is literal.
    """

    paths: tuple[AbsolutePath, ...] = Field(min_length=1, description="files and directories, each absolute")
    exclude: tuple[str, ...] = Field(default=(), description="what to leave out: relative to each path, or absolute")
    missing: Literal["expected", "optional"] = Field(
        default="expected", description="whether a path that does not exist makes the run partial"
    )

    @field_validator("paths")
    @classmethod
    def _paths_are_names(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if WILDCARD.search(path):
                advice = "it is not expanded: name the directory, and leave out what is not meant with `exclude`"
                raise refuse("C0208", f"the path `{path}` has a wildcard", advice)
        return paths

    @field_validator("exclude")
    @classmethod
    def _excludes_mean_something(cls, excludes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for exclude in excludes:
            parts = exclude.split("/")
            if not exclude.strip("/") or ".." in parts or "." in parts or "" in parts[1:-1]:
                advice = "write it relative to the dataset's paths: cache/"
                raise refuse("C0219", f"`{exclude}` is not a path to exclude", advice)
            # absent when the paths themselves were refused
            _check_exclude(exclude, info.data.get("paths", ()))
        return excludes


class PathsProducer:
    """Copies paths with rsync, hard-linking what has not changed since the reference."""

    name = "paths"
    settings: type[EngineSettings] = PathsSettings

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the fragments need on ``node``."""
        return ("acl", "attr", "rsync")

    def roots(self, dataset: Dataset) -> tuple[str, ...]:
        """Absolute paths that the dataset reads."""
        return _settings(dataset).paths

    def functions(self, node: Node) -> Fragment:  # noqa: ARG002
        """Functions that the produce fragments call."""
        return Fragment(template="producers/paths_functions.sh.j2", holes=holes())

    def preview_functions(self, node: Node) -> Fragment:  # noqa: ARG002
        """Functions that say what the produce fragments would do."""
        return Fragment(template="producers/paths_preview.sh.j2", holes=holes())

    def restore_functions(self, node: Node) -> Fragment:  # noqa: ARG002
        """Functions that the restore fragments call."""
        return Fragment(template="producers/paths_restore_functions.sh.j2", holes=holes())

    def produce(self, node: Node, dataset: Dataset) -> Fragment:  # noqa: ARG002
        """Bash that fills ``$dataset_staging``."""
        settings = _settings(dataset)
        return Fragment(
            template="producers/paths_produce.sh.j2",
            holes=holes(
                paths=tuple(ShellWord.of(path) for path in self.roots(dataset)),
                excludes=_excludes(settings),
                missing=ShellWord.of(settings.missing),
            ),
        )

    def restore(self, node: Node, dataset: Dataset) -> Fragment:  # noqa: ARG002
        """Bash that puts the dataset back from ``$dataset_backup``."""
        return Fragment(
            template="producers/paths_restore.sh.j2",
            holes=holes(
                paths=tuple(ShellWord.of(path) for path in self.roots(dataset)),
                excludes=_excludes(_settings(dataset)),
                inner_excludes=_inner_excludes(_settings(dataset)),
            ),
        )


def _check_exclude(exclude: str, paths: tuple[str, ...]) -> None:
    """Refuses an exclude that takes everything of one of ``paths``, and one that takes nothing of any of them."""
    roots = [path.rstrip("/") for path in paths]
    below = [exclude.removeprefix(root).strip("/") for root in roots if exclude.startswith(f"{root}/")]
    if not exclude.startswith("/"):
        below = [exclude.strip("/")]
    whole = exclude.rstrip("/")
    if any(EVERYTHING.fullmatch(part) for part in below) or any(f"{root}/".startswith(f"{whole}/") for root in roots):
        advice = "nothing would be left of it: delete the path, or leave out only a part of it"
        raise refuse("C0219", f"`{exclude}` leaves out a whole path of the dataset", advice)
    if roots and not below:
        advice = f"it would leave out nothing: begin it with one of {', '.join(paths)}, or write it relative to them"
        raise refuse("C0219", f"`{exclude}` lies outside of the dataset's paths", advice)


def exclude_option(path: str, below: str = "") -> str:
    """The rsync option that leaves out the pattern ``below`` under the literal ``path``, and nothing else."""
    return f"--exclude={filter_pattern(path, below)}"


def filter_pattern(path: str, below: str = "") -> str:
    """What rsync's filters take for the pattern ``below`` under the literal ``path``."""
    if WILDCARD.search(path + below):
        # rsync takes a backslash for an escape only in a pattern that has a wildcard
        literal = re.sub(r"([*?\[\\])", r"\\\1", path)
        if not WILDCARD.search(below):
            below = below.replace("\\", "\\\\")
        return f"{literal}{below}"
    return f"{path}{below}"


def _excludes(settings: PathsSettings) -> tuple[ShellWord, ...]:
    options = []
    for root in (path.rstrip("/") for path in settings.paths):
        for exclude in settings.exclude:
            if not exclude.startswith("/"):
                options.append(exclude_option(root, f"/{exclude}"))
            elif exclude.startswith(f"{root}/"):
                options.append(exclude_option(root, exclude.removeprefix(root)))
    return tuple(ShellWord.of(option) for option in options)


def inner_patterns(settings: PathsSettings) -> tuple[str, ...]:
    """What the dataset leaves out, for a transfer that begins at one of its paths; each begins with a slash.

    What is absolute counts for each path that it lies below.
    """
    inner = []
    for exclude in settings.exclude:
        roots = [path.rstrip("/") for path in settings.paths if exclude.startswith(path.rstrip("/") + "/")]
        inner += [exclude.removeprefix(root) for root in roots] if exclude.startswith("/") else [f"/{exclude}"]
    return tuple(filter_pattern("", one) for one in inner)


def _inner_excludes(settings: PathsSettings) -> tuple[ShellWord, ...]:
    return tuple(ShellWord.of(f"--exclude={pattern}") for pattern in inner_patterns(settings))


def _settings(dataset: Dataset) -> PathsSettings:
    assert isinstance(dataset.settings, PathsSettings)
    return dataset.settings


ENGINE = PathsProducer()
