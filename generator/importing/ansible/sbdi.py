"""The conventions of the SBDI platform: who directs, who keeps, what is snapshotted, and where Docker is paused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from generator.diagnostics.model import Diagnostic
from generator.importing.ansible.inventory import AnsibleHost, AnsibleInventory
from generator.importing.ansible.machines import machines
from generator.importing.machines import Machines
from generator.importing.order import natural
from generator.importing.proposal import Gap, Proposal, error, warning

DIRECTOR, TARGETS, SOURCES = "backup_director", "backup_targets", "backup_sources"
DOCKER = ("docker", "docker_swarm")
ROLES = (DIRECTOR, TARGETS, SOURCES, *DOCKER)

PLAN = "deployment"
GLUSTER, LVM = "gluster-sources", "lvm-sources"
DOCKER_HOSTS = "docker-hosts"

# Names and places that the platform's roles have in them, and no inventory says.
# Not SBDI's own mount points: every user may enter those, and keep a snapshot in use.
PROFILES: Mapping[str, Mapping[str, Any]] = {
    GLUSTER: {
        "datasets": {
            "docker": {
                "producer": "paths",
                "paths": ["/docker"],
                "missing": "expected",
                "mountpoint": "/docker",
                "snapshot": {"engine": "gluster", "volume": "docker"},
            }
        }
    },
    LVM: {
        "datasets": {
            "docker-local": {
                "producer": "paths",
                "paths": ["/docker_local"],
                "missing": "expected",
                "mountpoint": "/docker_local",
                "snapshot": {"engine": "lvm", "group": "vg_docker_local", "volume": "lv_docker_local"},
            }
        }
    },
    DOCKER_HOSTS: {"quiesce": {"containers": {"engine": "docker"}}},
}
SIZE = ("datasets", "docker-local", "snapshot", "size")
STORE = {"engine": "zfs", "path": "/backup", "pool": "backup", "compression": "gzip-7"}

DEVICE = re.compile(r"/dev/[A-Za-z0-9/._-]+\Z")

# As Ansible's filter `bool` has them: in INI files only True and False are booleans, the rest are words.
WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def follows(inventory: AnsibleInventory) -> bool:
    """Whether ``inventory`` has the groups of these conventions."""
    return any(inventory.in_group(group) for group in (DIRECTOR, TARGETS, SOURCES))


def sbdi_fleet(
    inventory: AnsibleInventory, facts: Mapping[str, Mapping[str, Any]], head: Mapping[str, Any]
) -> Proposal:
    """The hosts that have a part in backups, under ``head``, and a directed plan over them."""
    involved = {host for role in ROLES for host in inventory.in_group(role)}
    made = machines(
        [host for host in inventory.hosts if host.name in involved], facts, head.get("deployment_prefix", "")
    )
    reading = _Reading(inventory, made)
    return reading.proposal(head)


class _Reading:
    def __init__(self, inventory: AnsibleInventory, made: Machines) -> None:
        self.inventory = inventory
        self.made = made
        self.hosts = {host.name: host for host in inventory.hosts}
        self.nodes = {name: dict(node) for name, node in made.nodes.items()}
        self.gaps: list[Gap] = []
        self.diagnostics: list[Diagnostic] = []

    def proposal(self, head: Mapping[str, Any]) -> Proposal:
        groups = self._groups()
        plan = self._plan(groups)
        self._plan_gaps(plan)
        self._left_out()
        profiles = {name: PROFILES[name] for name in groups}
        grouped = {name: {"nodes": members, "profiles": [name]} for name, members in groups.items()}
        return Proposal(
            said={**head, "profiles": profiles, "groups": grouped, "nodes": self.nodes, "plans": {PLAN: plan}},
            gaps=(*self.made.gaps, *self.gaps),
            diagnostics=(*self.made.diagnostics, *self.diagnostics),
        )

    def _members(self, hosts: Iterable[str]) -> list[str]:
        return sorted({self.made.names[host] for host in hosts if host in self.made.names}, key=natural)

    def _groups(self) -> dict[str, list[str]]:
        gluster, lvm = [], []
        for name in self.inventory.in_group(SOURCES):
            host = self.hosts[name]
            kinds = [self._flag(host, "gluster_backup_source"), self._flag(host, "lvm_backup_source")]
            if kinds[0]:
                gluster.append(name)
            if kinds[1]:
                lvm.append(name)
                self._snapshot_size(host)
            if kinds == [False, False]:
                said = f"`{name}` is in [{SOURCES}], and neither of its kinds is True: nothing of it is backed up"
                advice = "set gluster_backup_source=True or lvm_backup_source=True, or take it out of the group"
                self._problem(said, advice)
        docker = [host for group in DOCKER for host in self.inventory.in_group(group)]
        found = {GLUSTER: self._members(gluster), LVM: self._members(lvm), DOCKER_HOSTS: self._members(docker)}
        return {name: members for name, members in found.items() if members}

    def _flag(self, host: AnsibleHost, name: str) -> bool | None:
        """The truth of a variable; None, with a problem said, where it is neither."""
        value = host.variables.get(name, False)
        if isinstance(value, bool):
            return value
        known = WORDS.get(str(value).lower()) if isinstance(value, (str, int)) else None
        if known is None:
            self._problem(f"`{name}` of `{host.name}` is `{value}`, neither True nor False", "write True or False")
        return known

    def _snapshot_size(self, host: AnsibleHost) -> None:
        node = self.made.names.get(host.name)
        if node is None:
            return
        value = host.variables.get("backup_snapshot_storage")
        size = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
        if size.isascii() and size.isdigit() and int(size[:9]) > 0:
            self.nodes[node]["datasets"] = {"docker-local": {"snapshot": {"size": f"{int(size[:9])}G"}}}
            return
        self.gaps.append(
            Gap(
                place=("nodes", node),
                keys=SIZE,
                instead=("profiles", LVM, *SIZE),
                hint="datasets: {docker-local: {snapshot: {size: …}}}, what may change while the snapshot exists",
                code="C0732",
                subject=node,
                problem="nobody says how large the snapshots of these machines may become",
                advice="set `backup_snapshot_storage` (gigabytes) in Ansible, or write `size` here or in the profile",
            )
        )

    def _plan(self, groups: Mapping[str, list[str]]) -> dict[str, Any]:
        plan: dict[str, Any] = {"directs": [name for name in (GLUSTER, LVM) if name in groups]}
        directors = self._members(self.inventory.in_group(DIRECTOR))
        if len(directors) == 1:
            plan["director"] = directors[0]
        elif directors:
            said = f"[{DIRECTOR}] has {len(directors)} hosts: {', '.join(directors)}"
            self._problem(said, "leave one in it, or write `director` into the plan")
        if DOCKER_HOSTS in groups:
            plan["quiesces"] = [DOCKER_HOSTS]
        plan["stores"] = [self._store(host) for host in self.inventory.in_group(TARGETS) if host in self.made.names]
        return plan

    def _store(self, host: str) -> dict[str, Any]:
        device = self.hosts[host].variables.get("backup_data_device")
        store: dict[str, Any] = {"node": self.made.names[host], **STORE}
        if isinstance(device, str) and DEVICE.match(device):
            store["device"] = device
            return store
        said = f"nobody says on which disk of `{host}` its pool lies; a store makes none without knowing"
        advice = (
            "set `backup_data_device` in Ansible (if it stands in group_vars beside the playbooks, import with"
            " --playbooks), write `device` into the store, or make the pool by hand"
        )
        self.diagnostics.append(warning("C0733", said, advice))
        return store

    def _plan_gaps(self, plan: Mapping[str, Any]) -> None:
        hints = {
            "schedule": 'schedule, five crontab fields in the director\'s zone, such as "30 1 * * *"',
            "expected_duration": "expected_duration, the worst case of a whole run, such as 8h",
            "retention": "retention, such as {days: 14, weekly: 8}: what is kept",
        }
        if "director" not in plan:
            hints["director"] = "director, the node that orders the others"
        for key, hint in hints.items():
            self._plan_gap(key, hint)
        if not plan["stores"]:
            self._plan_gap("stores", f"stores, where backups are kept: there is no host in [{TARGETS}]")
        if not plan["directs"]:
            self._plan_gap("directs", f"directs, what is backed up: there is no source in [{SOURCES}]")

    def _plan_gap(self, key: str, hint: str) -> None:
        self.gaps.append(
            Gap(
                place=("plans", PLAN),
                keys=(key,),
                hint=hint,
                code="C0715",
                subject=f"`{key}`",
                problem=f"Ansible does not say everything about the plan `{PLAN}`",
                advice="write these into the plan; docs/inventory.md explains each",
            )
        )

    def _left_out(self) -> None:
        others = [host.name for host in self.inventory.hosts if not any(self._in(host.name, role) for role in ROLES)]
        if others:
            shown = ", ".join(others[:12]) + (f" and {len(others) - 12} more" if len(others) > 12 else "")
            said = f"hosts without a part in backups are left out: {shown}"
            self.diagnostics.append(
                warning("C0731", said, "put them into a group of the conventions, if they have one")
            )

    def _in(self, host: str, role: str) -> bool:
        return host in self.inventory.in_group(role)

    def _problem(self, message: str, advice: str) -> None:
        self.diagnostics.append(error("C0730", message, advice))
