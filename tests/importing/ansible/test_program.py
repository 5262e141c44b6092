"""Ansible's reader is sealed: nothing around it changes what it reads, nothing of the source runs, it must end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from generator.importing.ansible.program import list_inventory
from generator.importing.failures import ImportFailure

from .test_same_as_ansible import ANSIBLE, SECONDS


def program(directory: Path, body: str) -> Path:
    path = directory / "ansible-inventory"
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(0o755)
    return path


def test_settings_and_environment_of_the_caller_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / "group_vars").mkdir(parents=True)
    (here / "group_vars/all.yml").write_text("around: true\n")
    (here / "ansible.cfg").write_text("[defaults]\ninventory_enabled=host_list\nhash_behaviour=merge\n")
    (tmp_path / "source").mkdir()
    inventory = tmp_path / "source/hosts"
    inventory.write_text("[web]\nweb-1 a=1\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("ANSIBLE_INVENTORY_ENABLED", "host_list")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(here / "ansible.cfg"))
    read = list_inventory(ANSIBLE, inventory, None, SECONDS)
    assert [(host.name, dict(host.variables)) for host in read.hosts] == [("web-1", {"a": 1})]


def test_nothing_of_the_source_or_the_playbooks_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "hosts"
    script.write_text(f'#!/bin/sh\ntouch {ran}\necho "{{}}"\n')
    script.chmod(0o755)
    with pytest.raises(ImportFailure):
        list_inventory(ANSIBLE, script, None, SECONDS)
    script.write_text("[web]\nweb-1\n")
    for folder in ("vars_plugins", "inventory_plugins", "filter_plugins"):
        for place in (tmp_path, tmp_path / "playbooks"):
            (place / folder).mkdir(parents=True)
            (place / folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n")
    assert list_inventory(ANSIBLE, script, tmp_path / "playbooks", SECONDS).in_group("web") == ("web-1",)
    assert not ran.exists()


def test_a_reader_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    left = tmp_path / "left"
    slow = program(tmp_path, f"(sleep 3; touch {left}) & sleep 60")
    started = time.monotonic()
    with pytest.raises(ImportFailure, match="did not end within 1 seconds"):
        list_inventory(slow, tmp_path, None, 1)
    assert time.monotonic() - started < 30
    time.sleep(3.5)
    assert not left.exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo out of order >&2; exit 4", "ended with 4: out of order"),
        ("echo '[]'", "printed no inventory"),
        ("echo '{\"_meta\": 1}'", "printed no inventory"),
        ('echo \'{"web": {"hosts": "x"}}\'', "printed no inventory"),
    ],
)
def test_what_goes_wrong_is_said(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ImportFailure, match=said) as failed:
        list_inventory(program(tmp_path, body), tmp_path, None, SECONDS)
    assert failed.value.diagnostic.code == "C0701"


def test_its_room_is_empty_and_swept(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    lister = program(tmp_path, f'pwd > {seen}; env >> {seen}; echo "{{}}"')
    os.environ["CAPSULE_TEST_SECRET"] = "leaked"
    try:
        list_inventory(lister, tmp_path, None, SECONDS)
    finally:
        del os.environ["CAPSULE_TEST_SECRET"]
    text = seen.read_text()
    assert "leaked" not in text
    assert not Path(text.splitlines()[0]).exists()
