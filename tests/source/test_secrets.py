from __future__ import annotations

from pathlib import Path

import pytest

from generator.diagnostics import Diagnostic
from generator.plan.origin import Origin
from generator.source.secrets import SecretKind, SecretReference, SecretValue, resolve_secret

HERE = Origin(path="fleet_secret")


def resolve(text: str, base: Path, **environment: str) -> SecretValue | Diagnostic:
    return resolve_secret(SecretReference.parse(text, HERE), base, environment)


@pytest.mark.parametrize("text", ["", "env", "file ", "value abc", "env A-B", "ENV A", "kaizen.secret"])
def test_a_reference_says_where(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|name"):
        SecretReference.parse(text, HERE)


def test_a_file_is_relative_to_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "a b.secret").write_bytes(b"\x00hidden\n")
    (tmp_path / "a b.secret").chmod(0o600)
    reference = SecretReference.parse("file a b.secret", HERE)
    assert reference.kind is SecretKind.FILE
    assert reference.path(tmp_path) == tmp_path / "a b.secret"
    found = resolve_secret(reference, tmp_path)
    assert isinstance(found, SecretValue)
    assert found.expose() == b"\x00hidden\n"


def test_variables_and_commands(tmp_path: Path) -> None:
    for text in ("env TOKEN", "command cat token | tr a-z A-Z"):
        (tmp_path / "token").write_text("hidden\n")
        found = resolve(text, tmp_path, TOKEN="HIDDEN")
        assert isinstance(found, SecretValue)
        assert found.expose() == b"HIDDEN"


@pytest.mark.parametrize(
    "text", ["env MISSING", "file missing", "file .", "file empty", "command echo hidden >&2; false", "command true"]
)
def test_what_cannot_be_had_is_a_diagnostic_that_shows_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "empty").touch()
    found = resolve(text, tmp_path)
    assert isinstance(found, Diagnostic)
    assert found.code == "C0120"
    assert "hidden" not in found.message


def test_a_value_shows_itself_nowhere() -> None:
    value = SecretValue(b"hidden")
    assert "hidden" not in f"{value} {value!r} {[value]}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o755])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "fleet.secret"
    path.write_bytes(b"hidden")
    path.chmod(mode)
    found = resolve("file fleet.secret", tmp_path)
    assert isinstance(found, Diagnostic)
    assert found.code == "C0121"
    assert f"{mode:04o}" in found.message
    assert f"chmod 0600 {path}" in found.advice
    for private in (0o600, 0o400):
        path.chmod(private)
        assert isinstance(resolve("file fleet.secret", tmp_path), SecretValue)
