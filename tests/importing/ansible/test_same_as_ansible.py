"""Our own reader and Ansible's, side by side: what one reads the other reads too, what one refuses both refuse."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from generator.importing.ansible.inventory import AnsibleInventory
from generator.importing.ansible.program import list_inventory
from generator.importing.ansible.reading import read_inventory
from generator.importing.failures import ImportFailure

ANSIBLE = Path(sys.executable).parent / "ansible-inventory"
SECONDS = 240

SBDI = """\
# Deployment specific vars
[all:vars]
deployment_prefix=uat

[servers]
access-1 nbr=1
manager-[1:3] flavor=ssc.medium
backup-target nbr=92 volume_backup=1500
[backup_targets]
backup-target
[docker_swarm:children]
managers
cassandra
[managers]
manager-[1:3]
[cassandra]
cassandra-[01:04]
[backup_sources]
manager-1 gluster_backup_source=True lvm_backup_source=False backup_snapshot_storage=0
cassandra-[01:04] gluster_backup_source=False lvm_backup_source=True backup_snapshot_storage=20
"""

VALUES = """\
loose:2222 a=1 b=01 c=1.50 d=True e=true f=yes g="two words" h='[1, 2]' i="{'a': 1}" j=None k=0x1f l=1_000
[web]
web-[a:c].example.org   # three of them
web-[1:10:3]
10.0.0.[1:3]
[2001:db8::1]:2022
2001:db8::[5:6]
same value=host
[web:vars]
quoted = "in quotes"
hash = one # not a comment
number = 7 # a literal's comment
list = [1, 'two', None, (3, 4)]
empty =
equals = a=b
[db:vars]
later = declared
[site:children]
web
db
[db]
same
[site:vars]
value = group
"""

NESTED = """\
all:
  vars: {deep: {a: 1, b: [yes, no, 0755, 2026-11-01, 1.50, ~]}, level: all}
  hosts:
    loose-[1:2]:
  children:
    outer:
      vars: {level: outer}
      children:
        inner:
          vars: {level: inner, ansible_group_priority: 5}
          hosts:
            one: {ansible_host: 192.0.2.1, ansible_port: 2222}
            two:
        other:
          vars: {level: other}
          hosts: {two: {}, "three:2200": {secret: !vault "$ANSIBLE_VAULT;1.1;AES256\\n31", raw: !unsafe "{{ x }}"}}
    inner:
      vars: {again: true}
    single: {hosts: lonely}
    nothing:
"""

CASES: Mapping[str, Mapping[str, str]] = {
    "the conventions of SBDI": {"hosts": SBDI, "group_vars/backup_targets": "backup_data_device: /dev/vdb\n"},
    "values of all kinds": {"hosts": VALUES},
    "a name that is no YAML": {"hosts.ini": VALUES},
    "nested groups in YAML": {"hosts.yml": NESTED},
    "INI in a file that is called YAML": {"hosts.yml": "[web]\nweb-1 a=1\n"},
    "JSON": {"hosts.json": '{"web": {"hosts": {"web-1": {"a": [1.5e3, null, true]}}, "vars": {"b": "x"}}}'},
    "a group called like a host": {"hosts": "[twin]\ntwin a=1\n[other]\ntwin b=2\n"},
    "variables in files": {
        "hosts": "[web]\nweb-1 from=inline only=1\n[web:vars]\nfrom=group\n[top:children]\nweb\n[all:vars]\nz=1\n",
        "group_vars/all.yml": "from: all file\nz: 2\n",
        "group_vars/web/10-first.yml": "first: 1\nboth: 1\n",
        "group_vars/web/20-second.json": '{"second": 2, "both": 2}',
        "group_vars/web/more/nested.yaml": "nested: true\n",
        "group_vars/web/ignored.txt": "ignored: true\n",
        "group_vars/web/.hidden": "hidden: true\n",
        "group_vars/web/old~": "old: true\n",
        "group_vars/top.yml": "from: top file\nempty:\n",
        "group_vars/top.yaml": "passed: over\n",
        "host_vars/web-1.yml": "from: host file\ndate: 2026-11-01\nmoment: 2026-11-01 10:00:00\n1: number\n",
        "host_vars/web-1/dir.yml": "unless: there is a directory\n",
        "group_vars/ungrouped.yml": "u: 1\n",
    },
    "variables beside playbooks": {
        "hosts": "[web]\nweb-1 c=inline\nloose\n",
        "group_vars/web": "a: beside inventory\nb: beside inventory\n",
        "playbooks/group_vars/web.yml": "b: beside playbooks\nc: beside playbooks\n",
        "playbooks/host_vars/loose": "d: beside playbooks\n",
    },
    "a directory of inventories": {
        "hosts/10-web": "[web]\nweb-1 a=1\n",
        "hosts/20-db.yml": "db: {hosts: {db-1: {}, web-1: {a: 2}}}\n",
        "hosts/nested/30": "nested-1\n",
        "hosts/notes.md": "# not an inventory\n",
        "hosts/settings.cfg": "[x\n",
        "hosts/.hidden": "[x\n",
        "hosts/group_vars/web.yml": "file: true\n",
    },
    "a comment in another encoding": {"hosts": "# caf\udce9\nweb-1\n"},
    "no host": {"hosts": "# nothing\n"},
}

BAD: Mapping[str, str] = {
    "an unknown kind of section": "[web:hosst]\nweb-1\n",
    "blanks in a section": "[web servers]\nweb-1\n",
    "variables of no group": "[web:vars]\na=1\n",
    "a child that is no group": "[top:children]\nweb\n",
    "groups in a circle": "[a:children]\nb\n[b:children]\na\n",
    "a group in itself": "[a:children]\na\n",
    "a variable without a value": "web-1 stray\n",
    "open quotes": 'web-1 a="b\n',
    "a range without an end": "web-[1:]\n",
    "a range of different widths": "web-[01:100]\n",
    "a range that runs backwards": "web-[d:a]\n",
    "a range of one": "web-[1]\n",
    "a colon without a port": "[web]\nweb-1:\n",
    "a line without a value": "[web]\nweb-1\n[web:vars]\nstray\n",
    "a list": "- web-1: [\n",
    "a range with a step of nothing": "web-[1:5:0]\n",
    "a range that is never closed": "web-[1:2\n",
}


def lay(directory: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    (inventory,) = directory.glob("hosts*")
    return inventory


def both(inventory: Path) -> tuple[AnsibleInventory, AnsibleInventory]:
    playbooks = inventory.parent / "playbooks"
    beside = playbooks if playbooks.is_dir() else None
    return read_inventory(inventory, beside), list_inventory(ANSIBLE, inventory, beside, SECONDS)


@pytest.mark.parametrize("case", CASES)
def test_both_read_the_same(case: str, tmp_path: Path) -> None:
    ours, theirs = both(lay(tmp_path, CASES[case]))
    assert ours == theirs
    assert ours.hosts or case == "no host"


@pytest.mark.parametrize("case", BAD)
def test_both_refuse_the_same(case: str, tmp_path: Path) -> None:
    inventory = lay(tmp_path, {"hosts": BAD[case]})
    with pytest.raises(ImportFailure) as ours:
        read_inventory(inventory, None)
    assert ours.value.diagnostic.code == "C0702"
    with pytest.raises(ImportFailure) as theirs:
        list_inventory(ANSIBLE, inventory, None, SECONDS)
    assert theirs.value.diagnostic.code == "C0701"


NAMES = some.sampled_from(["a", "b", "db", "web", "all", "top"])
HOSTS = some.sampled_from(
    ["h1", "h[1:3]", "x-[a:c]", "n[01:03:2]", "10.0.0.1", "h.example.org:22", "[::1]:2222", "web"]
)
KEYS = some.sampled_from(["k", "level", "ansible_group_priority", "ansible_host"])
LITERALS = some.one_of(
    some.integers(-5, 20).map(str),
    some.sampled_from(["True", "no", "[1]", "{}", "'q'", '"a b"', "1.0", "0b11", "a#b", "{{ x }}", "(1,)", "b'x'"]),
)
VARIABLES = some.builds("{}={}".format, KEYS, LITERALS)
HOST_LINES = some.builds("{} {}".format, HOSTS, VARIABLES)
SECTIONS = some.one_of(
    some.builds(lambda name, lines: [f"[{name}]", *lines], NAMES, some.lists(HOST_LINES, max_size=3)),
    some.builds(lambda name, lines: [f"[{name}:vars]", *lines], NAMES, some.lists(VARIABLES, max_size=3)),
    some.builds(lambda name, lines: [f"[{name}:children]", *lines], NAMES, some.lists(NAMES, max_size=2)),
)

TWIN = "web"  # the name of both a group and a host

PLAIN = some.one_of(
    some.integers(-5, 20), some.booleans(), some.none(), some.sampled_from(["x", "yes", "{{ x }}", "0755"])
)
VARS = some.dictionaries(
    some.sampled_from(["k", "level", "ansible_host", "ansible_port", "inventory_dir"]),
    some.one_of(PLAIN, some.lists(PLAIN, max_size=2), some.dictionaries(some.sampled_from(["x", "y"]), PLAIN)),
    max_size=3,
)
PATTERNS = some.sampled_from(["h1", "h2", "h[1:3]", "web", "n[01:02].example.org:22", "10.0.0.[1:2]"])
MEMBERS = some.one_of(
    some.none(), some.just("h9"), some.dictionaries(PATTERNS, some.one_of(some.none(), VARS), max_size=3)
)
GROUPS = some.recursive(
    some.fixed_dictionaries({}, optional={"hosts": MEMBERS, "vars": VARS}),
    lambda inner: some.fixed_dictionaries(
        {"children": some.dictionaries(NAMES, some.one_of(some.none(), inner), max_size=3)},
        optional={"hosts": MEMBERS, "vars": VARS, "unknown": some.just({"x": 1})},
    ),
    max_leaves=6,
)


def as_listed(ours: AnsibleInventory | None, theirs: AnsibleInventory | None) -> AnsibleInventory | None:
    """Ansible's list says nothing of a host without variables that is in no group, but called like one."""
    if ours is None or theirs is None:
        return ours
    grouped = {host for hosts in ours.groups.values() for host in hosts}
    hidden = {one.name for one in ours.hosts if one.name == TWIN and not one.variables} - grouped
    return replace(ours, hosts=tuple(one for one in ours.hosts if one.name not in hidden or one in theirs.hosts))


def read_or_refused_by_both(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        inventory = lay(Path(directory), {name: text})
        try:
            ours: AnsibleInventory | None = read_inventory(inventory, None)
        except ImportFailure:
            ours = None
        try:
            theirs: AnsibleInventory | None = list_inventory(ANSIBLE, inventory, None, SECONDS)
        except ImportFailure:
            theirs = None
        assert as_listed(ours, theirs) == theirs, text


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sections=some.lists(SECTIONS, min_size=1, max_size=6))
def test_any_inventory_in_ini_is_read_or_refused_by_both(sections: list[list[str]]) -> None:
    read_or_refused_by_both("".join(f"{line}\n" for section in sections for line in section), "hosts.ini")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(groups=some.dictionaries(NAMES, GROUPS, min_size=1, max_size=3))
def test_any_inventory_in_yaml_is_read_or_refused_by_both(groups: dict[str, object]) -> None:
    read_or_refused_by_both(yaml.safe_dump(groups, sort_keys=False), "hosts.yml")
