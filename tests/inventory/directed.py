"""A small directed fleet for tests, written as data."""

from __future__ import annotations

import copy
from typing import Any

from generator.inventory.model import DirectedPlan, Fleet
from tests.inventory.fleets import KEYS, load_text, text_of

COMMON = {"expected_duration": "4h", "retention": {"days": 7}}
SNAPSHOT = {"engine": "lvm", "group": "vg", "volume": "lv", "size": "20G", "mount": "/local_backupsource"}
LOCAL = {"producer": "paths", "paths": ["/data"], "snapshot": SNAPSHOT}
STORE = {"node": "store-1", "engine": "zfs", "path": "/backup", "pool": "backup", "device": "/dev/vdb"}

DOCUMENT: dict[str, Any] = {
    "capsule": 1,
    "fleet": "sbdi",
    "deployment_prefix": "uat",
    "groups": {
        "sources": {"nodes": ["web-1", "web-2", "web-3"], "datasets": {"data": LOCAL}},
        "hosts": {
            "nodes": ["web-1", "web-2", "web-3", "proxy-1"],
            "quiesce": {"containers": {"engine": "docker"}},
        },
    },
    "nodes": {
        name: {"reach": {"address": f"10.0.0.{number}"}, "host_keys": [KEYS[0]]}
        for number, name in enumerate(
            ("web-1", "web-2", "web-3", "proxy-1", "director-1", "store-1", "store-2", "replica-1"), start=1
        )
    },
    "plans": {
        "whole": {
            "directs": ["sources"],
            "director": "director-1",
            "quiesces": ["hosts"],
            "stores": [STORE],
            "schedule": "30 1 * * *",
            **COMMON,
        },
        "offsite": {
            "replicates": "whole",
            "node": "replica-1",
            "store": {"engine": "zfs", "path": "/replica", "pool": "replica"},
            "schedule": "30 9 * * *",
            **COMMON,
        },
    },
}


def document() -> dict[str, Any]:
    """A fleet with three sources, a node that is only held still, a director, two possible stores and a replica."""
    return copy.deepcopy(DOCUMENT)


def resolved(of: dict[str, Any]) -> Fleet:
    """The fleet of a document that has no error."""
    result = load_text(text_of(of))
    assert result.fleet is not None, result.diagnostics
    return result.fleet


def whole(of: dict[str, Any]) -> DirectedPlan:
    """The directed plan of a document that has no error."""
    return resolved(of).directed_plan("whole")


def errors(of: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and message of every error of a document."""
    return [(one.code, one.message) for one in load_text(text_of(of)).diagnostics if one.severity.value == "error"]
