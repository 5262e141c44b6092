from __future__ import annotations

import pytest
from click.testing import CliRunner

from generator.cli.explain import command
from generator.diagnostics import catalog


@pytest.mark.parametrize("code", ["C0108", "c0108"])
def test_the_page_is_printed(code: str) -> None:
    result = CliRunner().invoke(command, [code])
    assert result.exit_code == 0
    assert result.stdout == f"C0108: {catalog()['C0108'].title}\n\n{catalog()['C0108'].text}"


def test_an_unknown_code_is_a_usage_error_with_a_guess() -> None:
    result = CliRunner().invoke(command, ["C01080"])
    assert result.exit_code == 2
    assert "did you mean `C0108`?" in result.stderr
