from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.diagnostics import Severity
from generator.inventory import load
from generator.inventory.reference import reference
from generator.inventory.schema import json_schema
from generator.source import SecretKind
from tests.inventory.fleets import KEYS, load_text, text_of
from tests.inventory.test_layers import DATA, fleet

ROOT = Path(__file__).parents[2]
KAIZEN = ROOT / "inventory" / "kaizen.yml"


def test_the_example_fleet_resolves() -> None:
    result = load(KAIZEN)
    assert result.diagnostics == ()
    fleet = result.fleet
    assert fleet is not None
    assert [node.name for node in fleet.nodes] == sorted(node.name for node in fleet.nodes)
    controller = fleet.node("controller-1")
    assert {one.name: one.producer for one in controller.datasets} == {
        "images": "paths",
        "mysql": "mysql",
        "nova": "paths",
        "openstack-etc": "paths",
    }
    assert controller.datasets[2].settings.model_dump()["exclude"] == ("instances/",)
    sources = ("compute-1", "compute-2", "controller-1", "website")
    assert [(plan.name, plan.sources) for plan in fleet.collect_plans] == [
        ("collection", sources),
        ("offsite", sources),
    ]
    assert [plan.retention.days for plan in (*fleet.protect_plans, *fleet.collect_plans)] == [2, 8, 30]
    assert fleet.collect_plans[0].limits.largest_file_bytes == 200 << 30
    assert fleet.collect_plans[0].maximum_age_seconds == 26 * 3600
    assert tuple(fleet.data_numbers) == sources
    assert all(0x70000000 <= number < 0x7F000000 for number in fleet.data_numbers.values())
    assert result.digest == hashlib.sha256(KAIZEN.read_bytes()).hexdigest()
    assert result.fleet_secret is not None
    assert (result.fleet_secret.kind, result.fleet_secret.target) == (SecretKind.FILE, "kaizen.secret")


def test_a_machine_id_is_one_machine_s() -> None:
    text = KAIZEN.read_text()
    identified = "machine_id: 9f86d081884c7d659a2feaa0c55ad015\n    reach: {address: 10.31."
    once, twice = (text.replace("reach: {address: 10.31.", identified, count) for count in (1, 2))
    assert once.count("machine_id") == 1
    assert twice.count("machine_id") == 2
    fleet = load_text(once).fleet
    assert fleet is not None
    assert [bool(node.machine_id) for node in fleet.nodes].count(True) == 1
    assert [one.code for one in load_text(twice).diagnostics] == ["C0304"]


def test_a_data_number_depends_on_nothing_but_deployment_and_name() -> None:
    text = KAIZEN.read_text()
    one, other = load_text(text), load_text(text.replace("  website:", "  zebra:").replace("website]", "zebra]"))
    assert one.fleet is not None
    assert other.fleet is not None
    same = set(one.fleet.data_numbers) & set(other.fleet.data_numbers)
    assert len(same) == 3
    assert all(one.fleet.data_numbers[name] == other.fleet.data_numbers[name] for name in same)


def test_a_prefix_makes_another_deployment() -> None:
    result = load_text(KAIZEN.read_text().replace("fleet: kaizen", "fleet: kaizen\ndeployment_prefix: uat"))
    assert result.fleet is not None
    assert result.fleet.deployment == "uat-kaizen"
    assert result.fleet.paths.programs == "/opt/capsule/uat-kaizen"
    assert result.fleet.protect_plans[0].path == "/backups"


def test_the_starter_lacks_only_host_keys() -> None:
    text = resources.files("generator.inventory").joinpath("starter.yml").read_text("utf-8")
    assert {one.code for one in load_text(text).diagnostics} == {"C0214"}
    for name, key in zip(("server-1", "server-2", "collector"), KEYS, strict=True):
        text = text.replace(f"ssh-ed25519 PASTE-THE-KEY-OF-{name}", key)
    result = load_text(text)
    assert result.diagnostics == ()
    assert result.fleet is not None


def mutations(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        found += mutations(below, (*path, key))
    return found


PLACES = mutations(yaml.safe_load(KAIZEN.read_text().replace("2026-11-01", '"2026-11-01"')))
JUNK = st.sampled_from(
    [None, True, -1, 0, 10**30, "", "x", "no", "../x", "/", "a\x1bb", [], [None], {}, {"x": None}, [["a"]]]
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), JUNK | st.text(max_size=8))
def test_junk_anywhere_is_diagnosed_and_never_raised(path: tuple[Any, ...], junk: Any) -> None:
    document = yaml.safe_load(KAIZEN.read_text().replace("2026-11-01", '"2026-11-01"'))
    below = document
    for step in path[:-1]:
        below = below[step]
    below[path[-1]] = junk
    result = load_text(text_of(document))
    assert (result.fleet is None) == any(one.severity.value == "error" for one in result.diagnostics)
    assert all(one.advice and one.message for one in result.diagnostics)


@pytest.mark.parametrize(
    "path", [place for place in PLACES if len(place) <= 4], ids=lambda path: ".".join(map(str, path))
)
def test_a_missing_key_never_raises(path: tuple[Any, ...]) -> None:
    document = yaml.safe_load(KAIZEN.read_text().replace("2026-11-01", '"2026-11-01"'))
    below = document
    for step in path[:-1]:
        below = below[step]
    del below[path[-1]]
    result = load_text(text_of(document))
    assert result.fleet is not None or result.diagnostics


def test_a_broken_value_does_not_hide_other_problems() -> None:
    text = (
        KAIZEN.read_text()
        .replace('"30 4 * * *"', '"30 44 * * *"')
        .replace("[compute-1, compute-2]", "[compute-1, x]")
    )
    codes = [one.code for one in load_text(text).diagnostics]
    assert codes == ["C0301", "C0211"]


def test_every_key_of_the_schema_is_described() -> None:
    schema = json_schema()
    for name, definition in [("", schema), *schema["$defs"].items()]:
        for key, field in definition.get("properties", {}).items():
            assert field.get("description") or key == "producer", f"{name}.{key}"
    assert schema["$defs"]["Dataset-mysql"]["additionalProperties"] is False


def test_the_reference_in_docs_is_current() -> None:
    assert (ROOT / "docs" / "inventory.md").read_text() == reference(), "run `make docs`"


def test_an_unknown_profile_is_one_mistake_not_many() -> None:
    misspelt = KAIZEN.read_text().replace("profiles: [openstack]", "profiles: [openstak]")
    text = misspelt.replace("shrink_limit: 20", "x: 1")
    assert [one.code for one in load_text(text).diagnostics] == ["C0201", "C0301"]


POINT = "nova-conf: {dataset: openstack-etc, path: /etc/nova/nova.conf, from: collection}"


@pytest.mark.parametrize(
    ("right", "wrong", "codes"),
    [
        ('"15 0 * * *"', '"75 0 * * *"', ["C0211"]),
        ('"30 4 * * *"', '"30 44 * * *"', ["C0211"]),
        ("collects: nightly", "collects: nihgtly", ["C0301"]),
        ("protects: [controllers", "protects: [contrlolers", ["C0301"]),
    ],
)
def test_a_broken_plan_says_nothing_false_of_restore_points(right: str, wrong: str, codes: list[str]) -> None:
    text = KAIZEN.read_text()
    assert POINT in text
    assert text.count(right) == 1
    found = load_text(text.replace(right, wrong)).diagnostics
    assert [one.code for one in found if one.severity is Severity.ERROR] == codes


@pytest.mark.parametrize(
    ("right", "wrong", "code", "marked"),
    [
        ("from: collection", "from: collecton", "C0301", "collecton"),
        ("from: collection", "from: nightly", "C0320", "nightly"),
        ("path: /etc/nova/nova.conf", "path: /var/nova.conf", "C0312", "/var/nova.conf"),
        ("dataset: openstack-etc", "dataset: openstack", "C0301", "openstack"),
    ],
)
def test_the_caret_is_under_the_wrong_word_of_a_restore_point(right: str, wrong: str, code: str, marked: str) -> None:
    text = KAIZEN.read_text().replace(POINT, POINT.replace(right, wrong))
    (one,) = load_text(text).diagnostics
    assert one.code == code
    assert one.span is not None
    line = text.splitlines()[one.span.line - 1]
    assert line[one.span.column - 1 :][: one.span.length] == marked


@pytest.mark.parametrize(
    ("right", "wrong", "codes"),
    [
        ("paths: [/var/www]", "paths: [var/www]", ["C0208"]),
        ("paths: [/var/www]", "paths: []", ["C0205"]),
        ("days: 2", "days: 0", ["C0206"]),
        ("days: 2", "days: 99999", ["C0206"]),
        ("capsule: 1", 'capsule: 1\nescrow: {recorded: "2026-11-01", where: ""}', ["C0205"]),
    ],
)
def test_the_library_that_judges_values_never_speaks_itself(right: str, wrong: str, codes: list[str]) -> None:
    document = {
        "datasets": {"web": {"producer": "paths", "paths": ["/var/www"]}},
    }
    text = text_of(fleet(node=document)).replace("paths:\n        - /var/www", "paths: [/var/www]")
    assert right in text
    found = load_text(text.replace(right, wrong)).diagnostics
    assert [one.code for one in found] == codes
    said = found[0].message + found[0].advice
    assert not any(word in said for word in ("Input", "tuple", "String", "item", "should")), said


@pytest.mark.parametrize("path", ["/proc", "/sys/kernel", "/dev", "/run/app", "/var/run"])
def test_what_the_kernel_makes_up_is_no_data(path: str) -> None:
    text = text_of(fleet(node={"datasets": {"web": {"producer": "paths", "paths": ["/devices", path]}}}))
    (one,) = load_text(text).diagnostics
    assert (one.code, one.severity) == ("C0208", Severity.ERROR)
    assert one.message.startswith(f"`{path}` is made anew")


BODY = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ"
ARMOUR = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize("pasted", [ARMOUR, BODY, f"{ARMOUR}\\n{BODY}\\n"])
def test_a_private_key_is_called_one(pasted: str) -> None:
    text = text_of(fleet(node={"datasets": {}, "host_keys": []}, defaults={"datasets": DATA}))
    found = load_text(text.replace("host_keys: []", f'host_keys: ["{pasted}"]')).diagnostics
    (one,) = [one for one in found if one.code == "C0214"]
    assert "PRIVATE" in one.message
    assert ".pub" in one.advice
    assert "new key" in one.advice
    alone = load_text(text.replace("host_keys: []", f'host_keys: "{pasted}"')).diagnostics
    assert not any(BODY in one.message for one in alone)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("schedule:", "shedule:"),
        ("expected_duration:", "expected_durations:"),
        ("protects:", "protcts:"),
        ("paths:", "path:"),
        ("capsule:", "capsul:"),
        ("address:", "adress:"),
    ],
)
def test_a_misspelt_key_is_one_mistake_with_its_caret_on_the_key(right: str, wrong: str) -> None:
    text = text_of(fleet(node={"datasets": DATA})).replace(right, wrong, 1)
    (one,) = load_text(text).diagnostics
    assert (one.code, one.advice) == ("C0201", f"did you mean `{right.rstrip(':')}`?")
    assert one.span is not None
    assert text.splitlines()[one.span.line - 1][one.span.column - 1 :][: one.span.length] == wrong.rstrip(":")
