"""With a store's keys and accounts, with the operator's account, and from nodes that lie to the director."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ...attacks import registry
from ..platform import Sbdi, part
from .stage import INJECTED, account_of, frozen, keys, listed, offered, opens, rsync, ssh, unmarked

attack = partial(registry.attack, fleet="sbdi")
STORE = "a store's key and account, on sources"
ANSWER = "a hostile source's root, when the director calls"


@attack(
    "store-key-shell",
    attacker=STORE,
    tries="a shell, commands, another module, writing, `..` and links, while there is a snapshot",
    refused="rsync answers, read-only, with one dataset; nothing else of the source is there",
    control=offered,
)
def store_key_shell(sbdi: Sbdi) -> None:
    with frozen(sbdi):
        for key in keys(sbdi, "vault"):
            account = account_of(sbdi, "vault", key)
            for words in (
                (),
                (INJECTED,),
                (f"sudo -n {sbdi.programs}/remove_whole",),
                ("rsync --server --sender . /etc",),
            ):
                said = ssh(sbdi, "vault", key, *words, account=account, stdin=f"{INJECTED}\n")
                assert said.out.startswith("@RSYNCD: "), said.describe()
                assert "uid=" not in said.out
            for words in (
                ("-r", "node::etc/", "."),
                ("-r", "node::data/../../../etc/", "."),
                ("-rL", "--copy-unsafe-links", "node::data/", "./links"),
                ("/etc/hostname", "node::data/"),
                ("--remove-source-files", "-r", "node::data/", "."),
                ("-r", "node::/etc/", "."),
                ("-M--log-file=/tmp/pwned", "node::data/", "."),
            ):
                assert rsync(sbdi, key, *words).status != 0, words
    found = sbdi["vault"].run(["/bin/sh", "-c", "grep -rl '^root:' /var/tmp/loot-* || true"]).out
    assert found == ""
    unmarked(sbdi)
    assert sbdi.residue() == ""


@attack(
    "store-key-other",
    attacker=STORE,
    tries="one source's key at another, another account's key, its own in `authorized_keys`, another store's source",
    refused="permission denied",
    control=offered,
)
def store_key_other(sbdi: Sbdi) -> None:
    for key in keys(sbdi, "vault"):
        account = account_of(sbdi, "vault", key)
        other = "three" if opens(key)[0] == "one" else "one"
        for server in (other, "two", "boss", "pool"):
            sbdi["vault"].run(["true"])
            refused = ssh(
                sbdi,
                "vault",
                key,
                server=server,
                account=account,
                before=("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            )
            assert (refused.status, "Permission denied" in refused.err) == (255, True), refused.describe()
        for unreadable in keys(sbdi, "vault"):
            if account_of(sbdi, "vault", unreadable) != account:
                assert sbdi["vault"].run(["cat", unreadable], user=account, check=False).status != 0
        assert sbdi["vault"].run(["tee", "-a", key], user=account, check=False).status != 0


@attack(
    "store-account-parts",
    attacker=STORE,
    tries="a data account that a source has taken over: another source's part, the history, what says how a backup is",
    refused="permission denied: it reaches its own part while it is received; stored backups are read-only snapshots",
    control=listed,
)
def store_account_parts(sbdi: Sbdi) -> None:
    newest = sbdi.names("vault")[-1]
    account = account_of(sbdi, "vault", next(key for key in keys(sbdi, "vault") if opens(key)[0] == "three"))
    for script in (
        f"cat '/backup/{newest}/{part('one')}/counter'",
        f"ls '/backup/current/{part('one')}'",
        f"echo x >/backup/{newest}/.capsule/backup.info",
        f"cat /backup/{newest}/.capsule/backup.info",
        f"rm -r '/backup/{newest}/{part('three')}'",
        f"mv '/backup/{newest}' /backup/x",
        f"touch '/backup/{newest}/{part('three')}/x'",
        "mkdir /backup/99990101T000000Z",
        "touch /backup/current/x",
    ):
        tried = sbdi["vault"].run(["/bin/sh", "-c", script], user=account, check=False)
        assert tried.status != 0, (script, tried.describe())


LIAR = r"""#!/bin/sh
# stands in authorized_keys for every capsule of this node
case "$1" in
  */pause_whole) head -c 3000000 /dev/zero | tr '\0' 'A'; printf 'paused 1\npaused 2\n\033[2J' ;;
  */prepare_whole) printf 'snapshot local taken\nresult complete\n\033]0;evil\007$(id >/tmp/pwned)\n'; printf '\033[2J`id >/tmp/pwned`\n' >&2 ;;
  */unpause_whole) printf 'held 1\nlapsed\nheld 99999999999999999999\n' ;;
  *) printf 'result complete\n../../etc\n' ; head -c 1000000 /dev/urandom ;;
esac
exit 0
"""


@contextmanager
def lying(sbdi: Sbdi, name: str) -> Iterator[None]:
    """For a while whatever the director starts on a node, it says what it likes."""
    host = sbdi[name]
    path = "/var/lib/backupoperator/.ssh/authorized_keys"
    honest = host.run(["cat", path]).out
    host.run(["install", "-m", "0755", "/dev/stdin", "/usr/local/bin/liar"], stdin=LIAR)
    host.path(path).write_text(honest.replace("/usr/bin/sudo -n ", "/usr/local/bin/liar "), encoding="utf-8")
    try:
        yield
    finally:
        host.path(path).write_text(honest, encoding="utf-8")


@attack(
    "answer-lies",
    attacker=ANSWER,
    tries="megabytes, escapes for a terminal, several answers at once, absurd numbers, commands in words",
    refused="only one whole line of the grammar counts: that node is named, the backup is partial, the others are kept; nothing is run, no log has an escape",
    control=listed,
)
def answer_lies(sbdi: Sbdi) -> None:
    with lying(sbdi, "three"):
        done = sbdi.cron("boss", "perform_backup")
    assert done.status == 10, done.describe()
    assert "three" in done.err
    assert not {"\x1b", "\x07", "\x9b"} & set(done.err + sbdi.log("boss", "perform_backup"))
    assert max(map(len, done.err.splitlines())) < 3000
    assert sbdi.names("vault")[-1].endswith(".partial")
    unmarked(sbdi)
    assert sbdi["boss"].run(["/bin/sh", "-c", f"ls /run/capsule/{sbdi.name}/perform_backup"], check=False).out == ""


@attack(
    "answer-list",
    attacker="a hostile store's root, when the director lists",
    tries="names with paths, escapes and commands, and megabytes of them",
    refused="only names of backups are shown",
    control=listed,
)
def answer_list(sbdi: Sbdi) -> None:
    with lying(sbdi, "vault"):
        said = sbdi.capsule("boss", "list_backups", check=False)
    assert not {"\x1b", "\x07", "\x9b"} & set(said.out + said.err)
    assert ".." not in said.out
    unmarked(sbdi)


@attack(
    "operator-lease",
    attacker="the operator's account, on sources and stores",
    tries="orders with arguments, as other users, and to read or change leases, moments, records and locks",
    refused="sudo refuses; permission denied",
    control=listed,
)
def operator_lease(sbdi: Sbdi) -> None:
    with frozen(sbdi):
        for node, capsule in (
            ("one", "pause_whole"),
            ("one", "prepare_whole"),
            ("one", "stop_docker_whole"),
            ("vault", "commit_whole"),
            ("vault", "pull_whole"),
        ):
            for words in (
                ["-n", f"{sbdi.programs}/{capsule}", "x"],
                ["-n", f"{sbdi.programs}/{capsule}", ""],
                ["-n", "-u", "nobody", f"{sbdi.programs}/{capsule}"],
                ["-n", "BASH_ENV=/tmp/x", f"{sbdi.programs}/{capsule}"],
            ):
                refused = sbdi[node].run(["sudo", *words], user="backupoperator", check=False)
                assert refused.status == 1, (node, capsule, refused.describe())
        run = f"/run/capsule/{sbdi.name}"
        for script in (
            f"cat {run}/whole/moment",
            f"echo x >{run}/whole/moment",
            f"ls {run}/whole/parts",
            f"ls {run}/lease_whole",
            f"mkdir {run}/permits",
            f"touch {run}/lease_whole/held",
            f"touch /var/lib/capsule/{sbdi.name}/locks/x",
            f"mv {run}/whole {run}/other",
            f"cat {run}/whole/parts/local/taken",
        ):
            refused = sbdi["one"].run(["/bin/sh", "-c", script], user="backupoperator", check=False)
            assert refused.status != 0, (script, refused.describe())
