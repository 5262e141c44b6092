"""What Puppet gets: an environment that is the same for all, and one file of data for each node."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from generator.deliveries.order import PLACING_ORDER
from generator.deliveries.puppet import node_data
from tests.deliveries.builds import Build
from tests.deliveries.puppet_builds import HOSTILE, deliver, hostile, node_of

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "puppet/spec/fixtures/data/web-1.yaml"
DATA = "puppet/data/web-1.yaml"


def test_the_data_of_a_node_are_the_ones_that_the_module_is_tested_with() -> None:
    content = bytes(deliver(hostile())[DATA].content)
    if os.environ.get("CAPSULE_UPDATE_GOLDEN"):
        GOLDEN.write_bytes(content)
    assert content.decode() == GOLDEN.read_text("utf-8")


def test_the_data_of_a_node_are_made_anew_whenever_they_are_asked_for() -> None:
    content = deliver(hostile())[DATA].content
    assert not isinstance(content, bytes), "a second copy of every file of the fleet would be held until the end"
    assert bytes(content) == bytes(content)


def test_yaml_reads_what_json_wrote() -> None:
    content = bytes(deliver(hostile())[DATA].content)
    assert yaml.safe_load(content) == json.loads(content)
    path = "/opt/capsule/kaizen/bin/backup_nightly"
    assert yaml.safe_load(content)["capsule::contents"][path] == HOSTILE.replace("%{", "%{literal('%')}{")


def test_files_stand_in_the_order_of_placing() -> None:
    build = hostile()
    files = node_data(build.deployment, build.paths, node_of(build))["capsule::files"]
    assert isinstance(files, dict)
    kinds = [str(file["kind"]) for file in files.values() if isinstance(file, dict)]
    order = [kind.value for kind in PLACING_ORDER]
    assert kinds == sorted(kinds, key=order.index)
    assert set(kinds) == set(order)


def test_secrets_stand_apart_and_make_the_file_the_builders_own() -> None:
    build = Build()
    data = json.loads(bytes(deliver(build)[DATA].content))
    assert data["capsule::secrets"] == {"/opt/capsule/kaizen/ssh/web-2.send": "key 1\n"}
    assert deliver(build)[DATA].sensitive
    build.files = [file for file in build.files if not file.sensitive]
    assert not deliver(build)[DATA].sensitive


def test_the_environment_has_the_module_and_no_secret_of_any_node() -> None:
    files = deliver(Build())
    for path in ("environment.conf", "hiera.yaml", "manifests/site.pp", "modules/capsule/manifests/init.pp"):
        assert f"puppet/{path}" in files
    assert not [path for path in files if "/spec/" in path]
    assert [path for path, file in files.items() if b"key 1\n" in bytes(file.content) or file.sensitive] == [DATA]


def test_an_edit_of_one_node_leaves_the_data_of_the_others() -> None:
    one, other, changed = Build(), Build(), Build(version="2")
    other.hostname = changed.hostname = "web-2"
    before, after = deliver(one, other), deliver(one, changed)
    assert [path for path in before if before[path] != after[path]] == ["puppet/data/web-2.yaml"]


@pytest.mark.parametrize("part", ["LICENSE"])
def test_parts_that_are_copies_are_the_same(part: str) -> None:
    assert (ROOT / "puppet" / part).read_text("utf-8") == (ROOT / part).read_text("utf-8")
