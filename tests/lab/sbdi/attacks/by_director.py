"""With the director's keys, and whatever may be said over them."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

from functools import partial

from ...attacks import registry
from ..platform import STORES, Sbdi
from .stage import INJECTED, frozen, keys, listed, moment, opens, rsync, ssh, standing, unmarked

attack = partial(registry.attack, fleet="sbdi")
DIRECTOR = "the director's keys, on sources and stores"
ORDER = "whoever holds a director's key and decides what it is told"
# orders that can be given at any time and change nothing by being given
HARMLESS = ("unpause_whole", "prepare_whole", "remove_whole", "pull_whole", "commit_whole", "list_whole")


@attack(
    "director-shell",
    attacker=DIRECTOR,
    tries="a shell, commands, other capsules, `$(…)`, newlines, the sftp subsystem",
    refused="each key starts its one capsule, which ignores the words",
    control=listed,
)
def director_shell(sbdi: Sbdi) -> None:
    before = standing(sbdi)
    for key in keys(sbdi, "boss"):
        server, capsule = opens(key)
        if capsule not in HARMLESS or server in ("two", "three"):
            continue
        for words in (
            (),
            (f"x\n{INJECTED}\n",),
            (f"; {INJECTED} #",),
            (f"sudo -n {sbdi.programs}/commit_whole",),
            ("rsync --server --sender . /etc",),
        ):
            said = ssh(sbdi, "boss", key, *words, stdin=f"{INJECTED}\nid\n")
            assert "uid=" not in said.out + said.err, said.describe()
            assert "@RSYNCD" not in said.out
            assert not set(said.out.splitlines()) - {
                "nothing",
                "result complete",
                "result failed",
                *(f"snapshot {name} removed" for name in ("local", "settings")),
                *sbdi.names(server if server in STORES else "vault"),
            }, said.describe()
        assert "uid=" not in ssh(sbdi, "boss", key, "sftp", before=("-s",)).out
    unmarked(sbdi)
    assert standing(sbdi) == before


@attack(
    "director-forwarding",
    attacker=DIRECTOR,
    tries="a terminal, forwarding of ports and agents, variables, other users",
    refused="sshd refuses each; no other account has a key",
    control=listed,
)
def director_forwarding(sbdi: Sbdi) -> None:
    (key,) = [key for key in keys(sbdi, "boss") if opens(key) == ("vault", "list_whole")]
    assert "PTY allocation request failed" in ssh(sbdi, "boss", key, before=("-tt",)).err
    forwarded = ssh(sbdi, "boss", key, before=("-o", "ExitOnForwardFailure=yes", "-R", "4444:localhost:22"))
    assert "remote port forwarding failed" in forwarded.err, forwarded.describe()
    tunnel = ssh(sbdi, "boss", key, before=("-W", "127.0.0.1:22"))
    assert "administratively prohibited" in tunnel.err, tunnel.describe()
    for user in ("root", "nobody"):
        refused = ssh(sbdi, "boss", key, user=user)
        assert (refused.status, "Permission denied" in refused.err) == (255, True), refused.describe()


@attack(
    "director-other-node",
    attacker=DIRECTOR,
    tries="the key of one node on another, and any key from another machine",
    refused="permission denied: a key is accepted by one node, from the director's address",
    control=listed,
)
def director_other_node(sbdi: Sbdi) -> None:
    everything = keys(sbdi, "boss")
    for key in everything:
        server, capsule = opens(key)
        other = {"one": "vault", "vault": "one"}.get(server)
        if other is None or capsule not in HARMLESS:
            continue
        refused = ssh(sbdi, "boss", key, server=other)
        assert (refused.status, "Permission denied" in refused.err) == (255, True), refused.describe()
    stolen = "/root/stolen"
    for key in (everything[0], everything[-1]):
        sbdi["three"].run(
            ["install", "-m", "0600", "/dev/stdin", stolen], stdin=sbdi["boss"].run(["cat", key]).stdout
        )
        refused = sbdi["three"].run(
            [
                "ssh",
                "-F",
                "/dev/null",
                "-i",
                stolen,
                "-o",
                "BatchMode=yes",
                "-o",
                "StrictHostKeyChecking=no",
                "-l",
                "backupoperator",
                sbdi[opens(key)[0]].address,
            ],
            check=False,
        )
        assert (refused.status, "Permission denied" in refused.err) == (255, True), refused.describe()


@attack(
    "director-reads",
    attacker=DIRECTOR,
    tries="to read data with rsync, over every key, while there are snapshots",
    refused="no capsule of a director's is a sender; nothing comes",
    control=listed,
)
def director_reads(sbdi: Sbdi) -> None:
    with frozen(sbdi):
        for key in keys(sbdi, "boss"):
            # an order to remove would be obeyed
            if opens(key)[1] in ("prepare_whole", "pull_whole", "commit_whole", "list_whole"):
                for module in ("data", "record"):
                    assert rsync(sbdi, key, "-r", f"node::{module}/", ".", client="boss").status != 0
    assert sbdi["boss"].run(["find", "/var/tmp/loot-root", "-mindepth", "1"]).out == ""


@attack(
    "order-lines",
    attacker=ORDER,
    tries="`prepare`, `pull` and `commit` with no line, options, paths, `$(…)`, escapes, two lines, 64 KiB, dates that do not exist, the far past and future",
    refused="exit 64 or 65; nothing is taken, pulled or published",
    control=listed,
)
def order_lines(sbdi: Sbdi) -> None:
    before = standing(sbdi)
    stored = sbdi.names("vault")[-1].removesuffix(".partial")
    for server, capsule, rest, replayed in (
        ("one", "prepare_whole", "", ()),
        ("vault", "pull_whole", "", (stored,)),
        ("vault", "commit_whole", " complete", (stored, moment())),
    ):
        (key,) = [key for key in keys(sbdi, "boss") if opens(key) == (server, capsule)]
        names = (
            "--help",
            "../../../etc",
            "$(id >/tmp/pwned)",
            "\x1b[2J",
            "99999999T999999Z",
            "20260230T000000Z",
            f"{moment()};id",
            f"{moment()}x",
            f"{moment()}.partial",
            moment(days=1),
            moment(days=-1),
            *replayed,
        )
        for text in (
            "",
            "\n",
            moment(),
            f"{moment()} \n",
            f"\n{moment()}\n",
            "2" * 65536,
            *(f"{name}{rest}\n" for name in names),
        ):
            refused = ssh(sbdi, "boss", key, stdin=text)
            assert refused.status in (64, 65), (capsule, text[:60], refused.describe())
            assert "\x1b" not in refused.err
    unmarked(sbdi)
    assert standing(sbdi) == before
