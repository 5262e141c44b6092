from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator.cli import main
from generator.cli.check import command

ROOT = Path(__file__).parents[2]
KAIZEN = ROOT / "inventory" / "kaizen.yml"
BAD = ROOT / "tests" / "inventory" / "bad"


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("kaizen", "kaizen: 6 nodes, 3 plans, 0 warnings."),
        ("sbdi", "uat-sbdi: 12 nodes, 2 plans, 0 warnings."),
    ],
)
def test_the_examples_are_proved(name: str, counted: str) -> None:
    result = CliRunner().invoke(command, [str(ROOT / f"inventory/{name}.yml")])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(counted)
    assert "✓" in result.stderr


def test_the_only_inventory_of_a_project_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventory").mkdir()
    shutil.copy(ROOT / "inventory/kaizen.yml", tmp_path / "inventory")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(command, []).exit_code == 0


@pytest.mark.parametrize("name", [path.name for path in sorted(BAD.glob("*.yml"))])
def test_problems_end_with_1(name: str) -> None:
    result = CliRunner().invoke(command, [str(BAD / name)])
    assert result.exit_code == 1
    assert "gen explain" in result.stderr
    assert "\x1b" not in result.stderr


def test_json_goes_to_stdout_alone() -> None:
    result = CliRunner().invoke(command, ["--format", "json", str(BAD / "values.yml")])
    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert document["errors"] == len(document["diagnostics"])
    assert document["inventory"] == str(BAD / "values.yml")


def test_a_missing_file_and_a_missing_inventory_are_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    missing = CliRunner().invoke(command, ["missing.yml"])
    assert (missing.exit_code, "C0101" in missing.stderr) == (2, True)
    assert CliRunner().invoke(command, []).exit_code == 2


def test_a_schedule_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    """The proof is part of the check: collecting before the backups have ended."""
    path = tmp_path / "early.yml"
    path.write_text(KAIZEN.read_text().replace('"30 4 * * *"', '"30 1 * * *"'))
    result = CliRunner().invoke(command, ["--format", "json", str(path)])
    found = json.loads(result.stdout)["diagnostics"]
    assert result.exit_code == 1
    assert {one["code"][:3] for one in found} == {"C04"}


@pytest.mark.parametrize("name", ["check", "schema", "explain", "init"])
def test_gen_knows_the_command(name: str) -> None:
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0
