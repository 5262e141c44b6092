from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from importing.ansible.test_sbdi import WHOLE

from generator.cli import main
from generator.cli.check import check
from generator.diagnostics import Severity
from generator.importing.memory import memory_path
from generator.inventory import load

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
WEB = "[web]\nweb-[1:2] ansible_port=2222\n[all:vars]\nansible_host=192.0.2.1\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["import", "ansible", *map(str, arguments)])


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(WEB)
    return path


def test_without_a_file_it_is_printed(hosts: Path) -> None:
    result = run(hosts, "--fleet", "web", "--reader", "own")
    assert result.exit_code == 1
    assert "\nfleet: web\n" in result.stdout
    assert "error[C0711]" in result.stderr
    assert sorted(path.name for path in hosts.parent.iterdir()) == ["hosts"]


def test_what_is_written_has_only_the_problems_that_were_said(hosts: Path, tmp_path: Path) -> None:
    output = tmp_path / "new/web.yml"
    assert run(hosts, "--fleet", "web", "-o", output).exit_code == 1
    # what is reached by nobody needs no host key yet: the only thing that lacks is something to do
    assert {one.code for one in load(output).diagnostics} <= {"C0306", "C0304"}


def test_a_second_import_writes_nothing(hosts: Path, tmp_path: Path) -> None:
    output = tmp_path / "web.yml"
    run(hosts, "--fleet", "web", "-o", output)
    output.chmod(0o600)
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in (output, memory_path(output))]
    result = run(hosts, "-o", output)
    assert (result.exit_code, "Nothing to change" in result.stderr) == (1, True)
    assert [(path.stat().st_mtime_ns, path.read_bytes()) for path in (output, memory_path(output))] == before


def test_an_update_keeps_mode_line_ends_and_links(hosts: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.yml"
    output = tmp_path / "web.yml"
    real.write_bytes(b"\xef\xbb\xbfcapsule: 1\r\nnodes:\r\n  mine: {} # \xc3\xa9\r\n")
    real.chmod(0o640)
    output.symlink_to(real)
    assert run(hosts, "--fleet", "web", "-o", output).exit_code == 1
    content = real.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfcapsule: 1\r\nfleet: web\r\nnodes:\r\n  mine: {} # \xc3\xa9\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"  web-1:\r\n" in content
    assert real.stat().st_mode & 0o777 == 0o640
    assert output.is_symlink()
    assert memory_path(output).exists()


def test_nothing_is_left_to_say_when_all_is_known(hosts: Path, tmp_path: Path) -> None:
    output = tmp_path / "web.yml"
    facts = tmp_path / "facts"
    facts.mkdir()
    for name in ("web-1", "web-2"):
        known = {"ansible_nodename": name, "ansible_ssh_host_key_ed25519_public": KEY.split()[1]}
        (facts / name).write_text(json.dumps(known))
    assert run(hosts, "--fleet", "web", "--facts", facts, "-o", output).exit_code == 1
    text = output.read_text().replace("plans: {}\n", "plans: {p: {}}\n")
    output.write_text(text)
    result = run(hosts, "--facts", facts, "-o", output)
    assert (result.exit_code, "error" in result.stderr) == (0, False)
    assert "# to add" not in output.read_text().partition("nodes:")[2]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere"], "C0701"),
        (["hosts", "--fleet", "No Name"], "C0207"),
        (["hosts", "--facts", "nowhere"], "C0704"),
        (["script", "--reader", "own"], "C0703"),
        (["plugin.yml", "--reader", "own"], "C0703"),
        (["vaulted"], "C0703"),
        (["broken", "--reader", "own"], "C0702"),
        (["empty", "--reader", "own"], "C0702"),
        (["binary"], "C0701"),
        (["hosts", "--reader", "ansible"], "C0703"),
        (["hosts", "-o", "damaged.yml"], "C0100"),
        (["hosts", "-o", "forgetful.yml"], "C0723"),
        (["hosts", "-o", "hosts/below.yml"], "C0723"),
        (["listing.json"], "C0702"),
    ],
)
def test_trouble_is_said_and_nothing_is_written(
    hosts: Path, arguments: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hosts.parent)
    monkeypatch.setenv("PATH", "/nonexistent")
    for name, text in {
        "script": "#!/bin/sh\n",
        "plugin.yml": "plugin: openstack.cloud.openstack\n",
        "vaulted": "$ANSIBLE_VAULT;1.1;AES256\n31\n",
        "broken": "[web\n",
        "empty": "\n",
        "damaged.yml": "capsule: [\n",
        "forgetful.yml": "capsule: 1\n",
        "forgetful.yml.imported": "{",
        "listing.json": '{"_meta": {"hostvars": []}}',
    }.items():
        Path(name).write_text(text)
    Path("binary").write_bytes(b"a\xff\n")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    result = run(*arguments)
    assert (result.exit_code, f"[{code}]" in result.stderr) == (2, True), result.stderr
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_a_fault_of_the_source_is_shown_with_its_line(hosts: Path) -> None:
    hosts.write_text("[web]\nweb-[1:]\n")
    result = run(hosts, "--reader", "own")
    assert f"{hosts}:2:1" in result.stderr
    assert "web-[1:]" in result.stderr
    assert "^^^^^^^^" in result.stderr


def test_a_listing_is_imported_as_it_is(tmp_path: Path) -> None:
    listing = {
        "_meta": {"hostvars": {"web-1": {"ansible_host": "192.0.2.1"}}},
        "all": {"children": ["ungrouped", "web"]},
        "web": {"hosts": ["web-1"], "children": ["inner"]},
        "inner": {"hosts": ["web-2"]},
    }
    path = tmp_path / "listing.json"
    path.write_text(json.dumps(listing))
    result = run(path)
    assert "  inner: {nodes: [web-2]}\n  web: {nodes: [web-1, web-2]}\n" in result.stdout
    assert "reach: {address: 192.0.2.1}" in result.stdout


def test_a_draft_that_cannot_be_finished_is_swept(
    hosts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "web.yml"
    output.write_text("capsule: 1\nnodes: {}\n")

    def full(descriptor: int) -> None:
        assert descriptor
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(hosts, "-o", output).exit_code == 2
    assert output.read_text() == "capsule: 1\nnodes: {}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts", "web.yml"]


def test_the_sbdi_platform_is_imported_completed_and_proved(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{WHOLE}\n[backup_targets:vars]\nbackup_data_device=/dev/vdb\n")
    facts = tmp_path / "facts"
    facts.mkdir()
    names = ["backup-director", "backup-target", "standalone-1"]
    names += [f"manager-{number}" for number in (1, 2, 3)] + [f"cassandra-{number}" for number in (1, 2, 3, 4)]
    for number, name in enumerate(names, start=1):
        blob = base64.b64encode(base64.b64decode(KEY.split()[1])[:-1] + bytes([number])).decode()
        known = {
            "ansible_nodename": f"uat-{name}",
            "ansible_default_ipv4": {"address": f"192.0.2.{number}"},
            "ansible_ssh_host_key_ed25519_public": blob,
            "ansible_os_family": "Debian",
        }
        (facts / name).write_text(json.dumps(known))
    output = tmp_path / "sbdi.yml"
    first = run(hosts, "--fleet", "sbdi", "--facts", facts, "--reader", "own", "-o", output)
    assert (first.exit_code, re.findall(r"error\[(C\d+)\]", first.stderr)) == (1, ["C0715"])
    by_hand = '    schedule: "30 1 * * *"\n    expected_duration: 8h\n    retention: {days: 14}\n'
    output.write_text(output.read_text().replace("    directs:", f"{by_hand}    directs:"))
    second = run(hosts, "--facts", facts, "--reader", "own", "-o", output)
    assert (second.exit_code, "# to add:" in output.read_text().partition("capsule: 1")[2]) == (0, False)
    checked = check(output)
    assert [one for one in checked.diagnostics if one.severity is Severity.ERROR] == []
    fleet = checked.loaded.fleet
    assert fleet is not None
    assert fleet.nodes_by_name["cassandra-1"].hostname == "uat-cassandra-1"
    (plan,) = fleet.directed_plans
    assert (plan.director, len(plan.sources), len(plan.quiesced)) == ("backup-director", 5, 8)
