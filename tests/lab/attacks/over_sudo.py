"""With the operator's account, on every node: what sudo and the filesystem let it do beyond its one kind of program."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

from ..fleet import PROGRAMS
from .registry import attack
from .stage import KEYS, MARK, OPERATOR, Stage, sender

OPERATOR_ON_NODES = "the operator's account, on every node"
ETC, STATE, LOGS = "/etc", "/var/lib/capsule/lab", "/var/log/capsule/lab"
OTHER_CAPSULES = ("backup_nightly", "collect_collection", "collect_offsite", "list_backups", "restore_latest_nova")


def allowed(stage: Stage) -> None:
    """What the operator is for: its sealed sender runs as root and greets."""
    for node in stage.fleet.hosts:
        done = stage.sudo(node, sender(node))
        assert done.out.startswith("@RSYNCD: "), done.describe()


def never(stage: Stage, *words: str, env: dict[str, str] | None = None) -> None:
    """sudo refuses these words on every node; `SENDER` stands for the node's own sender."""
    for node in stage.fleet.hosts:
        done = stage.sudo(node, *(word.replace("SENDER", sender(node)) for word in words), env=env)
        assert done.status != 0, done.describe()
        assert "@RSYNCD" not in done.out, done.describe()
        assert "uid=" not in done.out


@attack(
    "sudo-other-command",
    attacker=OPERATOR_ON_NODES,
    tries="a shell, an editor, any other program or capsule",
    refused="sudo refuses",
    control=allowed,
)
def other_command(stage: Stage) -> None:
    for words in (("-i",), ("-s",), ("/bin/sh", "-c", f"id >{MARK}"), ("/usr/bin/id",), ("-e", "/etc/passwd")):
        never(stage, *words)
    for capsule in OTHER_CAPSULES:
        never(stage, f"{PROGRAMS}/{capsule}")
    stage.unmarked()


@attack(
    "sudo-arguments",
    attacker=OPERATOR_ON_NODES,
    tries="the allowed capsule with arguments, also empty ones",
    refused="sudo refuses",
    control=allowed,
)
def arguments(stage: Stage) -> None:
    for words in (("x",), ("--help",), ("",), ("--", "x"), ("\n",)):
        never(stage, "SENDER", *words)


@attack(
    "sudo-other-user",
    attacker=OPERATOR_ON_NODES,
    tries="the allowed capsule as another user or group",
    refused="sudo refuses",
    control=allowed,
)
def other_user(stage: Stage) -> None:
    for words in (("-u", "nobody"), ("-u", "mysql"), ("-u", "#1"), ("-g", "mysql"), ("-u", "#-1")):
        never(stage, *words, "SENDER")


@attack(
    "sudo-surroundings",
    attacker=OPERATOR_ON_NODES,
    tries="`-E`, `VAR=value`, another directory, root or descriptors",
    refused="sudo refuses",
    control=allowed,
)
def surroundings(stage: Stage) -> None:
    for words in (("-E",), ("BASH_ENV=/tmp/x",), ("PATH=/tmp",), ("-D", "/tmp"), ("-R", "/tmp"), ("-C", "9")):
        never(stage, *words, "SENDER")


@attack(
    "sudo-environment",
    attacker=OPERATOR_ON_NODES,
    tries="variables that make bash, rsync or the loader run something",
    refused="sudo drops them; the capsule runs as always",
    control=allowed,
)
def environment(stage: Stage) -> None:
    hostile = dict.fromkeys(("BASH_ENV", "ENV", "LD_PRELOAD", "RSYNC_RSH", "LC_ALL", "TMPDIR"), "/tmp/hostile")
    hostile |= {
        "SHELLOPTS": "xtrace",
        "PS4": f"$(id >{MARK})",
        "PATH": "/tmp:/usr/bin",
        "BASH_FUNC_main%%": f"() {{ id >{MARK}; }}",
    }
    for node in stage.fleet.hosts:
        for path in ("/tmp/hostile", "/tmp/rsync", "/tmp/flock"):
            stage.shell(node, f"printf '#!/bin/sh\\nid >{MARK}\\n' >{path}; chmod 755 {path}", user=OPERATOR)
        done = stage.sudo(node, sender(node), env=hostile)
        assert done.out.startswith("@RSYNCD: "), done.describe()
        stage.shell(node, "rm /tmp/hostile /tmp/rsync /tmp/flock")
    stage.unmarked()


@attack(
    "sudo-edited-capsule",
    attacker="whoever could edit a capsule, on every node",
    tries="an edited capsule through the operator's rule",
    refused="sudo compares the digest and refuses",
    control=allowed,
)
def edited(stage: Stage) -> None:
    for node in stage.fleet.hosts:
        path = stage.file(node, sender(node))
        text = path.read_bytes()
        path.write_bytes(text.replace(b"\nmain\n", f"\nid >{MARK}\nmain\n".encode()))
    never(stage, "SENDER")
    for node in stage.fleet.hosts:
        path = stage.file(node, sender(node))
        path.write_bytes(path.read_bytes().replace(f"id >{MARK}\n".encode(), b""))
    stage.unmarked()


@attack(
    "sudo-other-path",
    attacker=OPERATOR_ON_NODES,
    tries="a copy of the capsule, or a link to it from a directory of its own",
    refused="a copy and another name are refused; a link of the same name can only run the capsule itself",
    control=allowed,
)
def other_path(stage: Stage) -> None:
    for node in stage.fleet.hosts:
        name = sender(node).rsplit("/", 1)[1]
        stage.shell(
            node,
            f"mkdir /tmp/a /tmp/b; cp {sender(node)} /tmp/a/; ln -s {sender(node)} /tmp/b/x; ln -s /tmp/a/{name} /tmp/b/{name}",
            user=OPERATOR,
        )
        stage.shell(node, f"echo 'id >{MARK}' >>/tmp/a/{name}", user=OPERATOR)
        for path in (f"/tmp/a/{name}", f"/tmp/b/{name}", "/tmp/b/x"):
            done = stage.sudo(node, path)
            assert done.status != 0 and "@RSYNCD" not in done.out, done.describe()
        stage.shell(node, f"ln -sf {sender(node)} /tmp/b/{name}", user=OPERATOR)
        assert stage.sudo(node, f"/tmp/b/{name}").out.startswith("@RSYNCD: ")
        assert stage.sudo(node, f"/tmp/b/{name}", "x").out == ""
        stage.shell(node, "rm -r /tmp/a /tmp/b")
    stage.unmarked()


@attack(
    "operator-writes",
    attacker=OPERATOR_ON_NODES,
    tries="to write its own `authorized_keys` and `rc`, capsules, sudoers, cron, state, logs, locks; to replace their directories",
    refused="permission denied: all of it is root's",
    control=allowed,
)
def writes(stage: Stage) -> None:
    home = "/var/lib/backupoperator"
    files: tuple[str, ...] = (
        f"{home}/.ssh/authorized_keys",
        f"{home}/.ssh/rc",
        f"{home}/.ssh/environment",
        f"{home}/.profile",
    )
    files += (
        f"{ETC}/sudoers.d/50-capsule-lab",
        f"{ETC}/cron.d/capsule-lab",
        f"{ETC}/cron.d/x",
        f"{ETC}/logrotate.d/capsule-lab",
    )
    files += (
        f"{PROGRAMS}/list_backups",
        f"{PROGRAMS}/x",
        f"{KEYS}/known_hosts",
        f"{STATE}/runs/x",
        f"{STATE}/locks/x",
        f"{LOGS}/x",
    )
    directories = (f"{home}/.ssh", home, PROGRAMS, KEYS, f"{STATE}/runs", STATE, LOGS)
    for node in stage.fleet.hosts:
        for path in files:
            assert stage.shell(node, f": >>{path}", user=OPERATOR).status != 0, (node, path)
        for path in directories:
            assert stage.shell(node, f"mv {path} {path}.x", user=OPERATOR).status != 0, (node, path)


@attack(
    "operator-reads",
    attacker=OPERATOR_ON_NODES,
    tries="to read private keys, logs, acknowledgements, backups",
    refused="permission denied",
    control=allowed,
)
def reads(stage: Stage) -> None:
    for node in stage.fleet.hosts:
        for path in (LOGS, f"{STATE}/locks", "/backups", "/srv/collection", "/srv/offsite"):
            if stage.file(node, path).exists():
                assert stage.shell(node, f"ls {path}", user=OPERATOR).status != 0, (node, path)
        keys = [key.name for key in stage.file(node, KEYS).iterdir() if key.name != "known_hosts"]
        for key in keys:
            assert stage.shell(node, f"cat {KEYS}/{key}", user=OPERATOR).status != 0, (node, key)


@attack(
    "operator-locks",
    attacker="the operator's account and a data account",
    tries="to take the locks of capsules or trees, so that no backup can start",
    refused="permission denied: the directory of locks is root's",
    control=lambda stage: backs_up(stage),
)
def locks(stage: Stage) -> None:
    for node, user in (("compute-1", OPERATOR), ("services-1", stage.numbers["compute-1"])):
        for lock in ("backup_nightly", "collect_collection", "tree_nightly", "tree_collection_compute-1"):
            assert stage.shell(node, f"flock {STATE}/locks/{lock} true", user=user).status != 0


def backs_up(stage: Stage) -> None:
    """The locks can be taken by those they are for."""
    assert stage.capsule("compute-1", "backup_nightly").status == 0


@attack(
    "metrics-links",
    attacker="the account of a monitoring daemon that owns the directory of metrics, or one above it",
    tries="to put links where root is about to write",
    refused="the directory's owner writes, not root; a directory reached over a link, or open to others, is not written to",
    control=lambda stage: writes_metrics(stage),
)
def metrics(stage: Stage) -> None:
    directory, victim = "/var/lib/prometheus/node-exporter", "/etc/victim"
    names = ("capsule_lab_backup_nightly.prom", ".capsule_lab_backup_nightly.prom.new")
    stage.shell("website", f"echo untouched >{victim}; chmod 600 {victim}; mv {directory} {directory}.real")
    for make in (
        f"install -d -o nobody {directory}; for n in {' '.join(names)}; do ln -s {victim} {directory}/$n; done",
        f"install -d -m 777 {directory}; for n in {' '.join(names)}; do ln -s {victim} {directory}/$n; done",
        f"ln -s /etc/cron.d {directory}",
    ):
        stage.shell("website", make)
        stage.shell("website", f"rm -f {STATE}/runs/backup_nightly")
        assert stage.capsule("website", "backup_nightly").status == 0
        stage.shell("website", f"rm -rf {directory}")
    assert stage.file("website", victim).read_text() == "untouched\n"
    assert stage.file("website", victim).stat().st_mode & 0o777 == 0o600
    assert not list(stage.file("website", "/etc/cron.d").glob("*.prom"))
    stage.shell(
        "website", f"mv {directory}.real {directory}; rm -f {victim} {directory}/capsule_lab_backup_nightly.prom"
    )


def writes_metrics(stage: Stage) -> None:
    """A directory of root's gets the file, and everybody may read it."""
    stage.shell("website", f"rm -f {STATE}/runs/backup_nightly")
    assert stage.capsule("website", "backup_nightly").status == 0
    path = stage.file("website", "/var/lib/prometheus/node-exporter/capsule_lab_backup_nightly.prom")
    assert "capsule_last_run_result" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644
