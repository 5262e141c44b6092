"""With the keys of those who may connect: from the collection node, the second site and a restoring source."""

from __future__ import annotations

import time
from contextlib import suppress

from ..fleet import identifier
from .registry import attack
from .stage import MARK, OPERATOR, OPERATOR_NUMBER, Edge, Stage

KEY = "a client's key (collection node, second site, restoring source), on every node"
INJECTED = f"id >{MARK}"


def offered(stage: Stage, edge: Edge) -> None:
    """What the key is for: the backups are listed."""
    listed = stage.rsync(edge, "--list-only", "node::data/")
    assert (listed.status, identifier(1) in listed.out.split()) == (0, True), listed.describe()


def offered_everywhere(stage: Stage) -> None:
    """What the keys are for, over every connection."""
    stage.everywhere(lambda edge: offered(stage, edge))


def only_rsync(stage: Stage, *words: str, before: tuple[str, ...] = ()) -> None:
    """Whatever is asked for, rsync's daemon answers, and nothing is run."""

    def try_it(edge: Edge) -> None:
        said = stage.ssh(edge, *words, before=before, stdin=f"{INJECTED}\nid\n")
        assert said.out.startswith("@RSYNCD: "), said.describe()
        assert "uid=" not in said.out + said.err

    stage.everywhere(try_it)
    stage.unmarked()


@attack(
    "key-shell", attacker=KEY, tries="a login shell", refused="the sealed sender runs", control=offered_everywhere
)
def shell(stage: Stage) -> None:
    only_rsync(stage)


@attack(
    "key-command",
    attacker=KEY,
    tries="a command, also with newlines, `;`, `$(…)`, or asking for another capsule",
    refused="the sealed sender runs; the words are ignored",
    control=offered_everywhere,
)
def command(stage: Stage) -> None:
    for words in (
        "id",
        f"x\n{INJECTED}\n",
        f"; {INJECTED} #",
        f"$({INJECTED})",
        "sudo -n /bin/sh",
        "rsync --server .",
    ):
        only_rsync(stage, words)


@attack(
    "key-subsystem", attacker=KEY, tries="the sftp subsystem", refused="rsync answers", control=offered_everywhere
)
def subsystem(stage: Stage) -> None:
    only_rsync(stage, "sftp", before=("-s",))


@attack("key-scp", attacker=KEY, tries="scp and sftp, both ways", refused="no file moves", control=offered_everywhere)
def scp(stage: Stage) -> None:
    def try_it(edge: Edge) -> None:
        there = f"{OPERATOR}@{stage.host(edge.server).address}"
        for words in (
            ("-O", f"{there}:/etc/passwd", "."),
            ("-s", f"{there}:/etc/passwd", "."),
            ("-O", "/etc/hostname", f"{there}:{MARK}"),
        ):
            loot = stage.loot(edge)
            argv = ["timeout", "10", "env", f"--chdir={loot}", "scp", *stage.options(edge), *words]
            done = stage.host(edge.client).run(argv, user=edge.account, check=False)
            assert done.status != 0, done.describe()
            assert stage.stolen(edge) == []

    stage.everywhere(try_it)
    stage.unmarked()


@attack("key-pty", attacker=KEY, tries="a terminal", refused="no terminal is allocated", control=offered_everywhere)
def pty(stage: Stage) -> None:
    def try_it(edge: Edge) -> None:
        said = stage.ssh(edge, before=("-tt",), stdin="id\n")
        assert "PTY allocation request failed" in said.err, said.describe()
        assert "uid=" not in said.out

    stage.everywhere(try_it)


@attack(
    "key-port-forwarding",
    attacker=KEY,
    tries="forwarding to and from ports and sockets, both ways",
    refused="sshd refuses each",
    control=offered_everywhere,
)
def ports(stage: Stage) -> None:
    def try_it(edge: Edge) -> None:
        through = stage.ssh(edge, before=("-W", "127.0.0.1:22"))
        assert through.status == 255, through.describe()
        assert "administratively prohibited" in through.err
        for forwarding in ("17001:127.0.0.1:22", "/tmp/socket:127.0.0.1:22"):
            back = stage.ssh(edge, before=("-N", "-o", "ExitOnForwardFailure=yes", "-R", forwarding))
            assert back.status == 255, back.describe()
            assert "forwarding failed" in back.err

    stage.everywhere(try_it)


@attack(
    "key-agent-forwarding",
    attacker=KEY,
    tries="forwarding an agent",
    refused="no agent's socket is made",
    control=offered_everywhere,
)
def agent(stage: Stage) -> None:
    def try_it(edge: Edge) -> None:
        argv = ["ssh-agent", "ssh", "-v", "-A", *stage.options(edge), "-l", OPERATOR, stage.host(edge.server).address]
        session = stage.host(edge.client).popen(argv, user=edge.account)
        assert session.stdout is not None
        assert session.stdout.readline().startswith(b"@RSYNCD")
        sockets = [
            one for one in stage.file(edge.server, "/tmp").glob("ssh-*") if one.stat().st_uid == OPERATOR_NUMBER
        ]
        _, said = session.communicate(b"\n", timeout=20)
        assert b"Requesting authentication agent forwarding" in said
        assert sockets == []

    stage.everywhere(try_it)


@attack(
    "key-environment",
    attacker=KEY,
    tries="variables by `SendEnv` and `SetEnv`: `BASH_ENV`, `LC_…`, `RSYNC_…`, `LD_PRELOAD`",
    refused="what sshd accepts (`LC_…`) is dropped by sudo",
    control=offered_everywhere,
)
def environment(stage: Stage) -> None:
    names = ("BASH_ENV", "ENV", "LD_PRELOAD", "PS4", "SHELLOPTS", "RSYNC_RSH", "LC_PWNED", "LC_ALL")
    values = " ".join(f"{name}=/tmp/hostile" for name in names)

    def try_it(edge: Edge) -> None:
        server = stage.host(edge.server)
        server.run(["/bin/sh", "-c", f"echo '{INJECTED}' >/tmp/hostile"])
        argv = ["ssh", *stage.options(edge), "-o", f"SetEnv={values}", "-l", OPERATOR, server.address]
        session = stage.host(edge.client).popen(argv, user=edge.account)
        assert session.stdout is not None
        assert session.stdout.readline().startswith(b"@RSYNCD")
        seen = {}
        for process in server.processes():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                seen[process.name] = (server.proc.parent / str(process.pid) / "environ").read_bytes()
        session.communicate(b"\n", timeout=20)
        server.run(["rm", "/tmp/hostile"])
        assert b"LC_PWNED" in seen["sudo"], "sshd passed nothing on, so nothing was tried"
        assert b"hostile" not in seen["rsync"]

    stage.everywhere(try_it)
    stage.unmarked()


@attack(
    "key-other-user",
    attacker=KEY,
    tries="to log in as root or as a data account",
    refused="permission denied",
    control=offered_everywhere,
)
def other_user(stage: Stage) -> None:
    def try_it(edge: Edge) -> None:
        for user in ("root", "nobody", stage.numbers["compute-1"]):
            assert "Permission denied" in stage.ssh(edge, "id", user=user).err

    stage.everywhere(try_it)


@attack(
    "key-other-address",
    attacker="a stolen key, on another node of the fleet",
    tries="to connect from an address that is not in `from=`",
    refused="permission denied",
    control=offered_everywhere,
)
def other_address(stage: Stage) -> None:
    thief = stage.host("controller-1")
    for edge in stage.edges:
        thief.run(
            ["install", "-m", "0600", "/dev/stdin", "/root/stolen"],
            stdin=stage.file(edge.client, edge.key).read_bytes(),
        )
        options = ["-o", "StrictHostKeyChecking=no", *stage.options(edge, key="/root/stolen")]
        done = thief.run(["ssh", *options, "-l", OPERATOR, stage.host(edge.server).address], check=False)
        assert (done.status, done.out) == (255, ""), done.describe()
        assert "Permission denied" in done.err
    thief.run(["rm", "/root/stolen"])


@attack(
    "key-other-node",
    attacker=KEY,
    tries="the key of one node or one source on every other node",
    refused="permission denied; a source's own key sees that source's tree only",
    control=offered_everywhere,
)
def other_node(stage: Stage) -> None:
    for edge in stage.edges:
        for name, host in stage.fleet.hosts.items():
            if name == edge.server:
                continue
            options = ["-o", "StrictHostKeyChecking=no", *stage.options(edge, server=name)]
            done = stage.host(edge.client).run(
                ["ssh", *options, "-l", OPERATOR, host.address], user=edge.account, check=False
            )
            assert "Permission denied" in done.err, done.describe()


@attack(
    "key-many-sessions",
    attacker=KEY,
    tries="to keep senders open, so that a backup cannot start",
    refused="backups wait for no sender; only pruning waits, says so, and goes on another day",
    control=offered_everywhere,
)
def sessions(stage: Stage) -> None:
    edge = stage.edges[0]
    argv = ["ssh", *stage.options(edge), "-l", OPERATOR, stage.host(edge.server).address]
    held = [stage.host(edge.client).popen(argv, user=edge.account) for _ in range(5)]
    for session in held:
        assert session.stdout is not None
        assert session.stdout.readline().startswith(b"@RSYNCD")
    begun = time.monotonic()
    done = stage.capsule(edge.server, "backup_nightly")
    assert (done.status, time.monotonic() - begun < 10) == (0, True), done.describe()
    for session in held:
        session.communicate(b"\n", timeout=20)
