"""Excludes of the `paths` producer, judged by rsync itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from generator.engines.producers.paths import PathsSettings, exclude_option


def copied(tree: Path, *options: str) -> set[str]:
    """The files below ``tree`` that rsync would copy from the root with ``options``."""
    command = ["rsync", "-an", "--relative", "--out-format=%n", *options, str(tree), "/nonexistent/"]
    run = subprocess.run(command, capture_output=True, check=True)
    prefix = str(tree)
    return {
        name.removeprefix(prefix).strip("/") for name in run.stdout.decode().splitlines() if name.startswith(prefix)
    }


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
@pytest.mark.parametrize("root", ["plain", "with space", "a[bc]*d?", "back\\slash", "back\\slash[x]", "-dash"])
@pytest.mark.parametrize(
    ("exclude", "gone"),
    [
        ("/cache/", {"cache", "cache/x"}),
        ("/cache", {"cache", "cache/x"}),
        ("/x", {"x"}),
        ("/x/", set()),
        ("/*.log", {"a.log"}),
        ("/**.log", {"a.log", "sub/b.log"}),
        ("/sub/cache/", {"sub/cache", "sub/cache/x"}),
    ],
)
def test_an_exclude_is_anchored_and_its_path_literal(tmp_path: Path, root: str, exclude: str, gone: set[str]) -> None:
    tree = tmp_path / root
    files = {"cache/x", "x", "a.log", "sub/b.log", "sub/cache/x"}
    for file in files:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        (tree / file).touch()
    everything = copied(tree)
    assert files < everything
    assert everything - copied(tree, exclude_option(str(tree), exclude)) == gone


@pytest.mark.parametrize(
    "exclude",
    [
        *("", "/", "../outside", "a/../b", "a//b", "./a"),
        *("*", "**", "/*", "/**", "*/", "**/", "?*", "/srv", "/srv/", "/srv/*", "/srv/**", "/srv//"),
        *("/elsewhere/cache/", "/srvdata", "/*/cache"),
    ],
)
def test_an_exclude_that_means_nothing_or_everything_is_refused(exclude: str) -> None:
    with pytest.raises(ValidationError):
        PathsSettings.model_validate({"paths": ("/srv",), "exclude": (exclude,)})


@pytest.mark.parametrize("exclude", ["cache/", "*.log", "**.log", "/srv/cache/", "/srv/*.log", "/data/a/**", "a*"])
def test_an_exclude_below_one_of_the_paths_is_taken(exclude: str) -> None:
    made = PathsSettings.model_validate({"paths": ("/srv", "/data"), "exclude": (exclude,)})
    assert made.exclude == (exclude,)


def test_everything_is_a_path_with_parts_to_leave_out() -> None:
    assert PathsSettings.model_validate({"paths": ("/",), "exclude": ("/proc/", "sys/")}).exclude == (
        "/proc/",
        "sys/",
    )


def test_paths_are_absolute_literal_and_there_is_one() -> None:
    for paths in ((), ("relative",), ("/a/../b",), ("/home/*",), ("/srv/a?",), ("/srv/[ab]",)):
        with pytest.raises(ValidationError):
            PathsSettings.model_validate({"paths": paths})
