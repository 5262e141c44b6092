from __future__ import annotations

import pytest
from click.testing import CliRunner

from generator.cli.explain import command
from generator.diagnostics import catalog


@pytest.mark.parametrize("code", ["C0108", "c0108", "108", "0108"])
def test_the_page_is_printed(code: str) -> None:
    result = CliRunner().invoke(command, [code])
    assert result.exit_code == 0
    assert result.stdout == f"C0108: {catalog()['C0108'].title}\n\n{catalog()['C0108'].text}"


def test_an_unknown_code_is_a_usage_error_with_a_guess() -> None:
    result = CliRunner().invoke(command, ["C01080"])
    assert result.exit_code == 2
    assert "did you mean `C0108`?" in result.stderr


def test_several_pages_are_printed_in_the_order_asked_for() -> None:
    result = CliRunner().invoke(command, ["C0301", "108"])
    assert result.exit_code == 0
    pages = catalog()
    assert result.stdout == "\n".join(
        f"{code}: {pages[code].title}\n\n{pages[code].text}" for code in ("C0301", "C0108")
    )


def test_one_unknown_code_among_several_prints_nothing() -> None:
    result = CliRunner().invoke(command, ["C0301", "99"])
    assert (result.exit_code, result.stdout) == (2, "")
