"""The hand-written module, judged by Puppet's own tools; each test says so where its tool is not installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from generator import __version__

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "puppet"
SOURCES = ("manifests", "types", "functions")


def run(program: str, *arguments: str, cwd: Path = MODULE) -> str:
    """What a tool says, both outputs together; it must end well."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """The module in a directory of its own name, as Puppet's tools want it."""
    (tmp_path / "capsule").symlink_to(MODULE)
    return tmp_path


def test_puppet_understands_every_manifest() -> None:
    run("puppet", "parser", "validate", *SOURCES)


def test_it_is_written_as_the_style_guide_says(named: Path) -> None:
    said = run("puppet-lint", "--fail-on-warnings", *(f"capsule/{part}" for part in SOURCES), cwd=named)
    assert said == ""


def test_the_reference_is_what_the_comments_say(named: Path) -> None:
    if not any(Path("/usr/share/rubygems-integration/all/specifications").glob("puppet-strings-*")):
        pytest.skip("there is no puppet-strings here")
    reference = named / "REFERENCE.md"
    # it writes a cache of its own where it works
    copy = shutil.copytree(MODULE, named / "copy", ignore=shutil.ignore_patterns("REFERENCE.md", ".yardoc"))
    run("puppet", "strings", "generate", "--format", "markdown", "--out", str(reference), cwd=copy)
    assert (MODULE / "REFERENCE.md").read_text("utf-8") == reference.read_text("utf-8")


def test_every_part_does_what_it_should() -> None:
    said = run("rspec", "--no-color", "-I", "spec", "spec")
    examples = re.search(r"(\d+) examples, 0 failures$", said, re.MULTILINE)
    assert examples, said
    assert int(examples[1]) > 30


def test_metadata_name_this_version_and_the_oldest_puppet() -> None:
    metadata = json.loads((MODULE / "metadata.json").read_text("utf-8"))
    assert metadata["version"] == __version__
    oldest = re.search(r"oldest_puppet = '([0-9.]+)'", (MODULE / "manifests/init.pp").read_text("utf-8"))
    assert oldest
    assert metadata["requirements"] == [{"name": "puppet", "version_requirement": f">= {oldest[1]} < 9.0.0"}]
