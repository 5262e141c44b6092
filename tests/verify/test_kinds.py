"""Every verifier accepts what is right and says what is wrong, and a missing parser is never silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.keys import FleetSecret, Keyring
from generator.plan import Edge, Origin
from generator.render.model import Kind, RenderedFile
from generator.seal.manifest import NodeManifest, write_node_manifest
from generator.verify import cron, find_tools, keys, logrotate, manifests, sudoers
from generator.verify.subjects import Subject

TOOLS = find_tools()
KEYRING = Keyring(FleetSecret(b"k" * 32), "kaizen")
EDGE = Edge(purpose="collect", client="store", account="a", server="web", capsule="send")
PUBLIC = KEYRING.public_key(EDGE)
RULE = 'op ALL=(root:root) NOPASSWD: sha256:{} /opt/c/bin/x ""\n'
CRON = "SHELL=/bin/sh\nPATH=/usr/bin:/bin\nMAILTO=a@b.org\n\n{} root /opt/c/bin/x >/dev/null\n"
AUTHORIZED = 'restrict,from="10.0.0.1,fd00::1",command="/usr/bin/sudo -n /opt/c/bin/x" {} store:a:send:1\n'


def subject(kind: Kind, content: str | bytes, path: str = "/etc/cron.d/capsule-k") -> Subject:
    raw = content.encode() if isinstance(content, str) else content
    file = RenderedFile(
        path=path,
        content=raw,
        owner="root",
        group="root",
        mode=0o644,
        kind=kind,
        sensitive=False,
        origin=Origin(path="nodes.web"),
        shape=raw,
        template="",
    )
    return Subject("web", file)


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (RULE.format("ab" * 32), True),
        (RULE.format("ab" * 31), False),
        ("op ALL=(root:root NOPASSWD: /bin/x\n", False),
    ],
)
def test_sudoers(content: str, right: bool) -> None:
    assert (not sudoers.verify([subject(Kind.SUDOERS, content)], TOOLS).faults) is right


@pytest.mark.parametrize("schedule", ["15 1 * * *", "0,30 8-18/2 * jan mon", "*/5 * 1-7 * 0", "0 0 1 1 7"])
def test_cron_accepts(schedule: str) -> None:
    assert not cron.verify([subject(Kind.CRON, CRON.format(schedule))]).faults


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (CRON.format("60 1 * * *"), "/etc/cron.d/x"),
        (CRON.format("1 24 * * *"), "/etc/cron.d/x"),
        (CRON.format("1 1 0 * *"), "/etc/cron.d/x"),
        (CRON.format("1 9-2 * * *"), "/etc/cron.d/x"),
        (CRON.format("*/0 1 * * *"), "/etc/cron.d/x"),
        (CRON.format("1 1 * *"), "/etc/cron.d/x"),
        (CRON.format("1 1 * * *").rstrip("\n"), "/etc/cron.d/x"),
        (CRON.format("1 1 * * *"), "/etc/cron.d/capsule.old"),
        (CRON.format("1 1 * * *").replace("MAILTO=a@b.org\n", ""), "/etc/cron.d/x"),
        (CRON.format("1 1 * * *").replace(" root ", " nobody "), "/etc/cron.d/x"),
        (CRON.format("1 1 * * *").replace("bin/x", "bin/x%y"), "/etc/cron.d/x"),
    ],
)
def test_cron_refuses(content: str, path: str) -> None:
    assert cron.verify([subject(Kind.CRON, content, path)]).faults


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (AUTHORIZED.format(PUBLIC), True),
        (AUTHORIZED.format(PUBLIC).rstrip() + " collects what web has\n", True),
        (AUTHORIZED.format(PUBLIC).replace("restrict,", ""), False),
        (AUTHORIZED.format(PUBLIC).replace('from="10.0.0.1,fd00::1",', ""), False),
        (AUTHORIZED.format(PUBLIC[:-4]), False),
        (AUTHORIZED.format(PUBLIC) + PUBLIC + "\n", False),
    ],
)
def test_authorized_keys(line: str, right: bool, tmp_path: Path) -> None:
    report = keys.verify_authorized_keys([subject(Kind.AUTHORIZED_KEYS, "# head\n" + line)], TOOLS, tmp_path)
    assert (not report.faults) is right


@pytest.mark.parametrize(
    ("line", "right"),
    [(f"web {PUBLIC}\n", True), (f"web ssh-rsa {PUBLIC.split()[1]}\n", False), (f"web,* {PUBLIC}\n", False)],
)
def test_known_hosts(line: str, right: bool, tmp_path: Path) -> None:
    report = keys.verify_known_hosts([subject(Kind.KNOWN_HOSTS, line)], TOOLS, tmp_path)
    assert (not report.faults) is right


def test_private_keys() -> None:
    good = KEYRING.private_key(EDGE)
    assert not keys.verify_private_keys([subject(Kind.PRIVATE_KEY, good)], TOOLS).faults
    damaged = good.replace(b"A", b"B", 40)
    assert keys.verify_private_keys([subject(Kind.PRIVATE_KEY, damaged)], TOOLS).faults


def test_log_rotation(tmp_path: Path) -> None:
    good = "/var/log/c/*.log {\n    su root root\n    weekly\n    missingok\n}\n"
    assert not logrotate.verify([subject(Kind.LOGROTATE, good)], TOOLS, tmp_path).faults
    assert logrotate.verify([subject(Kind.LOGROTATE, good.replace("weekly", "weakly"))], TOOLS, tmp_path).faults


def test_manifests() -> None:
    manifest = NodeManifest(deployment="k", generator="1", build_id="0", node="web", artifacts=())
    good = write_node_manifest(manifest)
    assert not manifests.verify([subject(Kind.MANIFEST, good)]).faults
    assert manifests.verify([subject(Kind.MANIFEST, good.replace(b'"node"', b'"nose"'))]).faults
    assert manifests.verify([subject(Kind.MANIFEST, good + b"\n")]).faults


def test_a_missing_parser_is_reported(tmp_path: Path) -> None:
    reports = (
        sudoers.verify([subject(Kind.SUDOERS, "x")], {}),
        logrotate.verify([subject(Kind.LOGROTATE, "x")], {}, tmp_path),
        keys.verify_known_hosts([subject(Kind.KNOWN_HOSTS, f"web {PUBLIC}\n")], {}, tmp_path),
        keys.verify_private_keys([subject(Kind.PRIVATE_KEY, KEYRING.private_key(EDGE))], {}),
    )
    assert [report.unverified[0].tool for report in reports] == ["visudo", "logrotate", "ssh-keygen", "ssh-keygen"]
