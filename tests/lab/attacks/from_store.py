"""From a store that somebody else rules, against a source that restores from it as root; and at the restore's input."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .. import trees
from ..fleet import identifier
from ..walker import walk
from .registry import attack
from .stage import MARK, Stage
from .wire import entry, hostile, lies

STORE = "a hostile store's root, while a source restores"
SOURCE, CAPSULE = "compute-1", "restore_openstack-etc_from_collection"
COLLECTED = f"/srv/collection/{SOURCE}"
FILE, LINK = 0o104755, 0o120777


def restores(stage: Stage) -> None:
    """An honest restore from the same store succeeds."""
    done = stage.capsule(SOURCE, CAPSULE, stdin="latest\n")
    assert done.status == 0, done.describe()


def refused(stage: Stage, stdin: str = f"{identifier(1)}\n") -> str:
    """A restore fails, changes nothing that is in production, and says so without harming the terminal."""
    before = walk(stage.file(SOURCE, "/etc/neutron")), trees.expected(stage.host(SOURCE))
    done = stage.capsule(SOURCE, CAPSULE, stdin=stdin)
    assert done.status not in (0, 10), done.describe()
    assert (walk(stage.file(SOURCE, "/etc/neutron")), trees.expected(stage.host(SOURCE))) == before
    assert not {"\033", "\x9b"} & set(done.err)
    stage.unmarked()
    return done.err


@attack(
    "store-escapes",
    attacker=STORE,
    tries="names with `..`, absolute names, names that nobody asked for, links, and escapes for the terminal",
    refused="rsync refuses; nothing lies outside of the staging directory; the words are made printable",
    control=restores,
)
def escapes(stage: Stage) -> None:
    stage.fleet.set_day(2)
    for entries in (
        [entry(b"../../../../../../etc/cron.d/evil", FILE)],
        [entry(b"/etc/cron.d/evil", FILE)],
        [entry(b"evil", FILE)],
        [entry(b"manifest", LINK, target=b"/etc"), entry(b"manifest/evil", FILE)],
    ):
        with hostile(stage.host("services-1"), lies(*entries)):
            refused(stage, "latest\n")
    for top in ("/etc", "/var/lib/capsule", "/root"):
        assert stage.shell(SOURCE, f"find {top} -name evil").out == ""


def spoil(path: Path, manifest: Path | None, text: bytes) -> tuple[bytes, bytes]:
    """Put ``text`` in front of a stored file, with the time it had, and if wanted into its manifest; what was there."""
    honest, times, listed = path.read_bytes(), path.stat(), manifest.read_bytes() if manifest else b""
    path.write_bytes(text + honest)
    if manifest:
        was, now = (hashlib.sha256(data).hexdigest().encode() for data in (honest, text + honest))
        lines = listed.replace(was, now).split(b"\n")
        sizes = (b"\t%d\t" % len(honest), b"\t%d\t" % len(text + honest))
        manifest.write_bytes(b"\n".join(line.replace(*sizes) if now in line else line for line in lines))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return honest, listed


@attack(
    "store-altered",
    attacker=STORE,
    tries="a file that is not what the manifest says",
    refused="found before anything is touched; nothing is restored",
    control=restores,
)
def altered(stage: Stage) -> None:
    path = stage.file("services-1", f"{COLLECTED}/{identifier(1)}/openstack-etc/etc/neutron/nova.conf")
    times = path.stat()
    honest, _ = spoil(path, None, b"x")
    assert "RESTORE-BACKUP-DAMAGED" in refused(stage)
    path.write_bytes(honest)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@attack(
    "store-dump-commands",
    attacker="a hostile store's root, or whoever chose a name in a database, while a controller restores",
    tries=r"a dump in which a line `\! command`, `system` or `source` stands, with a manifest that fits",
    refused="the client takes statements only and ends; no command is run",
    control=lambda stage: restores_database(stage),
)
def dump(stage: Stage) -> None:
    top = stage.file("services-1", f"/srv/collection/controller-1/{identifier(1)}")
    path, times = top / "mysql/all-databases.sql", (top / "mysql/all-databases.sql").stat()
    for line in (rf"\! id >{MARK}", f"system id >{MARK}", f"tee {MARK}"):
        honest, listed = spoil(path, top / "manifest", f"{line}\n".encode())
        done = stage.capsule("controller-1", "restore_mysql_from_collection", stdin=f"{identifier(1)}\n")
        assert "RESTORE-FAILED" in done.err, done.describe()
        path.write_bytes(honest)
        (top / "manifest").write_bytes(listed)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    stage.unmarked()


def restores_database(stage: Stage) -> None:
    """The honest dump is loaded."""
    done = stage.capsule("controller-1", "restore_mysql_from_collection", stdin=f"{identifier(1)}\n")
    assert done.status == 0, done.describe()


@attack(
    "restore-input",
    attacker="whoever feeds a restore capsule's standard input",
    tries="paths, `..`, options, other names, newlines, control characters, nothing",
    refused="only an identifier that exists, or `latest`, is taken",
    control=restores,
)
def words(stage: Stage) -> None:
    for word in (
        "../../etc",
        "/",
        "",
        "-rf",
        "--help",
        ".incomplete.x",
        f"{identifier(1)}/..",
        f"{identifier(1)} x",
        "$(id)",
        "2026-13-01",
        "1999-01-01",
        "\033[2J",
        "x\nlatest",
        f"../{SOURCE}/{identifier(1)}",
        "*",
        "9" * 70,
    ):
        refused(stage, f"{word}\n")
