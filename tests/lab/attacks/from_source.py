"""From a source that somebody else rules: its sshd, its sender, its tree and its manifest all lie."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from ..fleet import identifier
from .registry import attack
from .stage import MARK, Stage
from .wire import Behaviour, drip, endless_file, entry, flood, garbage, hostile, lies, token

SOURCE = "compute-2"
HELD = f"/srv/collection/{SOURCE}"
HOSTILE = "a hostile source's root"
SCRIPTED = "a hostile source's rsync server, scripted"
NEXT = identifier(2)
FILE, DIRECTORY, LINK = 0o100644, 0o40755, 0o120777


def collect(stage: Stage) -> str:
    """One collection on day 2; what it said on standard error, without what could reach a terminal."""
    done = stage.capsule("services-1", "collect_collection")
    assert done.status in (0, 10), done.describe()
    assert "\033" not in done.err
    return done.err


def collects_honest(stage: Stage) -> None:
    """The source's honest backup of day 2 is collected, verified and listed."""
    assert stage.capsule(SOURCE, "backup_nightly").status == 0
    collect(stage)
    assert stage.names("services-1", HELD) == [identifier(1), NEXT], stage.fleet.log(
        "services-1", "collect_collection"
    )
    forget(stage)


def forget(stage: Stage) -> None:
    """Day 2 of the source has not been, for the next attempt."""
    stage.shell("services-1", f"rm -rf {HELD}/{NEXT} {HELD}/.verified/{NEXT}")
    stage.shell(SOURCE, f"rm -rf /backups/{NEXT}")


def refused(stage: Stage, *said: str) -> None:
    """A collection brings nothing of the source, says so, leaves no residue and touches neither history nor others."""
    before = stage.everything("services-1", f"{HELD}/{identifier(1)}")
    err = collect(stage)
    assert f"{SOURCE} (" in err, err
    assert any(one in err for one in said), err
    assert stage.names("services-1", HELD) == [identifier(1)], err
    assert stage.everything("services-1", f"{HELD}/{identifier(1)}") == before
    stage.unmarked()


def scripted(name: str, tries: str, ends: str, behaviour: Behaviour, *said: str) -> None:
    """Register what a scripted server does instead of sending the backup of day 2."""

    def run(stage: Stage) -> None:
        with hostile(stage.host(SOURCE), behaviour):
            refused(stage, *said)
        for path in ("/srv/collection/escaped", "/srv/escaped", f"{HELD}/escaped", "/escaped"):
            assert not stage.file("services-1", path).exists()

    attack(name, attacker=SCRIPTED, tries=tries, refused=ends, control=collects_honest)(run)


GONE = "rsync, without rights, refuses; the source fails alone and keeps its history"
scripted(
    "source-dots",
    "names with `..`",
    GONE,
    lies(entry(b"../escaped", FILE), entry(b"a/../../escaped", FILE)),
    "unsafe pathname",
)
scripted("source-absolute", "absolute names", GONE, lies(entry(b"/srv/collection/escaped", FILE)), "unsafe pathname")
scripted(
    "source-through-link",
    "a link to the store, and a file through it",
    GONE,
    lies(entry(b"l", LINK, target=b"/srv/collection"), entry(b"l/escaped", FILE, 5)),
    "invalid path",
)
scripted(
    "source-devices",
    "devices, sockets and pipes, and then silence",
    "they become plain files without power, and the next step removes them",
    lies(entry(b"dev", 0o60666), entry(b"sock", 0o140777), entry(b"pipe", 0o10666)),
    "TRANSFER-FAILED",
)
scripted(
    "source-endless-list",
    "a list of files without end",
    "ended when the source's time is up",
    lies(repeat=b"".join(entry(b"d" * 200 + str(n).encode(), DIRECTORY) for n in range(100))),
    "its time is up",
)
scripted(
    "source-endless-file",
    "a file without end",
    "ended at the compiled size of the largest file",
    lies(entry(b"f", FILE, 5), then=endless_file(), repeat=token(30000)),
    "File too large",
)
scripted(
    "source-wrong-counts",
    "a transfer with absurd counts and lengths",
    GONE,
    lies(entry(b"f", FILE, 5), then=endless_file()[:3] + b"\xff\xff\xff\x7f" * 4, repeat=b"\xff\xff\xff\x7f"),
    "Invalid block length",
)
scripted("source-drip", "a byte now and then, for ever", "ended when the source's time is up", drip, "its time is up")
scripted("source-garbage", "noise instead of the protocol", GONE, garbage, "SOURCE-UNREACHABLE")
scripted(
    "source-flood",
    "a listing without end, with escapes for a terminal",
    "ended when it says more than it may; only printable words are logged",
    flood,
    "it says more than it may",
)


def lying(name: str, tries: str, ends: str, spoil: str, *said: str) -> None:
    """Register a change of the honest backup of day 2, by a script that runs in it on the source."""

    def run(stage: Stage) -> None:
        assert stage.capsule(SOURCE, "backup_nightly").status == 0
        done = stage.shell(SOURCE, f"cd /backups/{NEXT} && {{ {spoil}; }}")
        assert done.status == 0, done.describe()
        refused(stage, *said)
        forget(stage)

    attack(name, attacker=HOSTILE, tries=tries, refused=ends, control=collects_honest)(run)


UNPUBLISHED = "not published; the difference is named"
DATA = "nova/var/lib/nova"
lying(
    "source-changed",
    "a file that differs from its manifest",
    UNPUBLISHED,
    f"echo x >>{DATA}/bulk/f001",
    "VERIFICATION-FAILED",
)
lying("source-more", "more files than the manifest says", UNPUBLISHED, f"echo x >{DATA}/more", "VERIFICATION-FAILED")
lying(
    "source-fewer", "fewer files than the manifest says", UNPUBLISHED, f"rm {DATA}/bulk/f001", "VERIFICATION-FAILED"
)
lying(
    "source-rights",
    "a set-uid bit or an owner that the manifest does not have",
    UNPUBLISHED,
    f"chmod u+s {DATA}/bulk/f001; chown 0:4711 {DATA}/bulk/f002",
    "VERIFICATION-FAILED",
)
lying(
    "source-manifest-link",
    "a manifest that is a link to `/etc/shadow`",
    "not published: there is no manifest",
    "ln -sf /etc/shadow manifest",
    "VERIFICATION-FAILED",
)
lying(
    "source-manifest-noise",
    "a manifest of noise, with escapes and endless numbers",
    UNPUBLISHED,
    r"printf 'f\t\033[2J\t1e999\t$(id)\t-1\t\t\t\t../../x\n' >manifest; head -c 100000 /dev/urandom >>manifest",
    "VERIFICATION-FAILED",
)
lying(
    "source-large-file",
    "a file above the compiled size of the largest file",
    "the transfer fails",
    f"head -c 20000000 /dev/zero | tr '\\0' x >{DATA}/large",
    "TRANSFER-FAILED",
)


@attack(
    "source-names",
    attacker=HOSTILE,
    tries="to offer backups with hostile names, from the future, or thousands of them",
    refused="only dates count; a future one is said and not pulled; a listing that is too long is not believed",
    control=collects_honest,
)
def names(stage: Stage) -> None:
    offered = (
        "-rf",
        "$(touch pwned)",
        "2026-13-01",
        "2026-11-19;id",
        "2026-11-18.partial.partial",
        "..x",
        "2027-01-01",
        f"{NEXT} ",
        f"{NEXT}\n2026-11-19",
    )
    top = stage.file(SOURCE, "/backups")
    for name in offered:
        (top / name).mkdir()
    refused(stage, "FUTURE-BACKUP")
    for number in range(3000):
        (top / f"{1000 + number}-01-01").mkdir(exist_ok=True)
    refused(stage, "it says more than it may")
    for directory in top.iterdir():
        if directory.name not in (".capsule", identifier(1)):
            directory.rmdir()


@attack(
    "source-kinds",
    attacker=HOSTILE,
    tries="an honest backup full of devices, links out of the tree, set-uid files and foreign owners",
    refused="the store holds plain files of the data account without any power; a restore brings them back",
    control=collects_honest,
)
def kinds(stage: Stage) -> None:
    number = stage.file("services-1", f"{HELD}/{identifier(1)}/manifest").stat().st_uid
    seen = set()
    for directory, below, files in os.walk(os.fsencode(stage.file("services-1", f"{HELD}/{identifier(1)}"))):
        for name in below + files:
            status = os.lstat(directory + b"/" + name)
            seen.add(stat.S_IFMT(status.st_mode))
            assert (status.st_uid, status.st_mode & 0o6000) == (number, 0), name
    assert seen == {stat.S_IFREG, stat.S_IFDIR}
    manifest = stage.file("services-1", f"{HELD}/{identifier(1)}/manifest").read_bytes()
    assert {line[:1] for line in manifest.splitlines()} >= {b"b", b"c", b"l", b"p"}
    collect(stage)


@attack(
    "source-impostor",
    attacker="another machine at a source's address, with a host key of its own",
    tries="to be taken for the source",
    refused="the pinned host key differs: not collected",
    control=collects_honest,
)
def impostor(stage: Stage) -> None:
    host = stage.host(SOURCE)
    restart: Callable[[], object] = lambda: stage.shell(SOURCE, "pkill -x sshd; sleep 0.2; /usr/sbin/sshd")  # noqa: E731
    stage.shell(
        SOURCE,
        "mv /etc/ssh/ssh_host_ed25519_key /root/honest; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key",
    )
    restart()
    refused(stage, "Host key verification failed", "host key")
    host.run(["mv", "/root/honest", "/etc/ssh/ssh_host_ed25519_key"])
    restart()
    assert not stage.file("services-1", MARK).exists()
