"""The directed deployment as an attacker meets it: keys, connections, and what an order could have changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from generator.lab import Completed

from ..platform import SOURCES, STORES, Sbdi

# whoever can make this file appear can do anything
MARK = "/tmp/pwned"
INJECTED = f"id >{MARK}"


def moment(**ago: float) -> str:
    """The identifier of now, or of so long ago."""
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y%m%dT%H%M%SZ")


def keys(sbdi: Sbdi, client: str) -> list[str]:
    """The private keys of a node, each named after the server and the one capsule that it starts."""
    directory = f"/opt/capsule/{sbdi.name}/ssh"
    return [f"{directory}/{path.name}" for path in sorted(sbdi[client].path(directory).iterdir()) if "." in path.name]


def opens(key: str) -> tuple[str, str]:
    """The server and the capsule of a key."""
    server, _, capsule = key.rpartition("/")[2].partition(".")
    return server.rpartition("_")[2], capsule


def ssh(
    sbdi: Sbdi,
    client: str,
    key: str,
    *words: str,
    server: str = "",
    user: str = "backupoperator",
    account: str = "root",
    before: tuple[str, ...] = (),
    stdin: bytes | str = b"",
) -> Completed:
    """Connect as ``account`` of the client, with its options, or with more."""
    server = server or opens(key)[0]
    options = [
        "-F",
        "/dev/null",
        "-i",
        key,
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "BatchMode=yes",
        "-o",
        "ConnectTimeout=10",
    ]
    options += ["-o", f"UserKnownHostsFile=/opt/capsule/{sbdi.name}/ssh/known_hosts", "-o", f"HostKeyAlias={server}"]
    argv = ["ssh", *options, *before, "-l", user, sbdi[server].address, *words]
    return sbdi[client].run(argv, user=account, stdin=stdin, check=False, seconds=90)


def account_of(sbdi: Sbdi, client: str, key: str) -> str:
    """Who on the client may use a key."""
    return sbdi[client].run(["stat", "--format=%G", key]).out.strip()


def unmarked(sbdi: Sbdi) -> None:
    """Nobody has got through anywhere."""
    for name, host in sbdi.hosts.items():
        assert not host.path(MARK).exists(), f"{name} was taken over"


def standing(sbdi: Sbdi) -> tuple[object, ...]:
    """Everything that an order could have changed: what the stores keep, and what lies about on sources."""
    return *(sbdi.names(store) for store in STORES), sbdi.residue()


def listed(sbdi: Sbdi) -> None:
    """What the director's keys are for: it is told what the stores keep."""
    done = sbdi.capsule("boss", "list_backups")
    assert sbdi.names("vault")[-1].removesuffix(".partial") in done.out


@contextmanager
def frozen(sbdi: Sbdi) -> Iterator[None]:
    """For a while the sources have snapshots to offer."""
    for source in SOURCES:
        taken = sbdi.capsule(source, "prepare_whole", stdin=f"{moment()}\n", check=False)
        # they are there, and nothing stood still for them
        assert (taken.status, "DATASET-DEGRADED" in taken.err) == (10, True), taken.describe()
    try:
        yield
    finally:
        for source in SOURCES:
            sbdi.capsule(source, "remove_whole")


def offered(sbdi: Sbdi) -> None:
    """What a store's key is for: the snapshot of its source is read."""
    with frozen(sbdi):
        for key in keys(sbdi, "vault"):
            read = rsync(sbdi, key, "--list-only", "node::data/")
            assert read.status == 0, read.describe()


def rsync(sbdi: Sbdi, key: str, *words: str, client: str = "vault") -> Completed:
    """Run rsync as a store would, as the account of the key; ``node::`` leads to the key's source."""
    server = opens(key)[0]
    shell = f"ssh -F /dev/null -i {key} -o IdentitiesOnly=yes -o BatchMode=yes -o HostName={sbdi[server].address}"
    shell += (
        f" -o UserKnownHostsFile=/opt/capsule/{sbdi.name}/ssh/known_hosts -o HostKeyAlias={server} -l backupoperator"
    )
    account = account_of(sbdi, client, key)
    sbdi[client].run(["install", "-d", "-o", account, f"/var/tmp/loot-{account}"])
    argv = ["env", f"--chdir=/var/tmp/loot-{account}", "rsync", f"--rsh={shell}", *words]
    return sbdi[client].run(argv, user=account, check=False, seconds=60)
