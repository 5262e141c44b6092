"""What a build says when the fleet secret cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.fleet import gen, small_fleet


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_secret_that_cannot_be_had_shows_the_line_that_names_it(tmp_path: Path, mode: int | None) -> None:
    inventory = small_fleet(tmp_path)
    secret = tmp_path / "kaizen.secret"
    if mode is None:
        secret.unlink()
    else:
        secret.chmod(mode)
    result = gen("build", inventory, "-o", tmp_path / "output")
    assert result.exit_code == 2
    code, advice = ("C0120", "`gen keys init` makes it") if mode is None else ("C0121", "chmod 0600")
    assert f"error[{code}]" in result.stderr
    assert "fleet_secret: {secret: file kaizen.secret}" in result.stderr
    assert advice in result.stderr
