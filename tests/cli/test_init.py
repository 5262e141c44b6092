from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from generator.cli.init import FILE, command
from generator.inventory import load


def test_a_starter_is_written_where_nothing_was(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "new" / "fleet")])
    assert result.exit_code == 0
    assert {one.code for one in load(tmp_path / "new" / "fleet" / FILE).diagnostics} == {"C0214"}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("mine")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert (tmp_path / FILE).read_text() == "mine"


def test_a_place_that_cannot_be_written_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert CliRunner().invoke(command, [str(tmp_path / "file" / "below")]).exit_code == 2
