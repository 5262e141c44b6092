"""On a store, with the account that meets one source; on a source, with what it has of the stores."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

from ..fleet import identifier
from .over_ssh import offered, offered_everywhere
from .registry import attack
from .stage import KEYS, MARK, OPERATOR, Stage

DATA_ACCOUNT = "a data account, on the collection node"
OWN, OTHER = "/srv/collection/compute-1", "/srv/collection/compute-2"


def owns_its_tree(stage: Stage) -> None:
    """What the account is for: it reads its source's tree, with its source's key."""
    account = stage.numbers["compute-1"]
    assert stage.shell("services-1", f"cat {OWN}/{identifier(1)}/manifest", user=account).out
    offered(stage, stage.edges[0])


def denied(stage: Stage, *scripts: str) -> None:
    for script in scripts:
        done = stage.shell("services-1", script, user=stage.numbers["compute-1"])
        assert done.status != 0, done.describe()
    stage.unmarked()


@attack(
    "account-other-key",
    attacker=DATA_ACCOUNT,
    tries="to read or change another source's key, or its own",
    refused="permission denied",
    control=owns_its_tree,
)
def other_key(stage: Stage) -> None:
    (other,) = stage.file("services-1", KEYS).glob("*compute-2.send_nightly")
    (own,) = stage.file("services-1", KEYS).glob("*compute-1.send_nightly")
    denied(
        stage,
        f"cat {KEYS}/{other.name}",
        f": >>{KEYS}/{own.name}",
        f"rm {KEYS}/{own.name}",
        f"chmod 600 {KEYS}/{own.name}",
    )


@attack(
    "account-other-tree",
    attacker=DATA_ACCOUNT,
    tries="to enter another source's tree, or to list the store",
    refused="permission denied",
    control=owns_its_tree,
)
def other_tree(stage: Stage) -> None:
    denied(
        stage,
        f"ls {OTHER}",
        f"cat {OTHER}/{identifier(1)}/manifest",
        "ls /srv/collection",
        f": >{OTHER}/x",
        f"ln {OTHER}/{identifier(1)}/manifest /tmp/x",
    )


@attack(
    "account-history",
    attacker=DATA_ACCOUNT,
    tries="to publish, rename, replace or remove backups of its own source",
    refused="permission denied: only root changes names there",
    control=owns_its_tree,
)
def history(stage: Stage) -> None:
    old = f"{OWN}/{identifier(1)}"
    denied(
        stage,
        f"mkdir {OWN}/2026-11-19",
        f"mv {old} {OWN}/2026-11-19",
        f"rmdir {old}",
        f"ln -s /etc {OWN}/2026-11-18",
        f"chmod 777 {OWN}",
        f"mv {OWN}/.verified {OWN}/x",
    )


@attack(
    "account-root",
    attacker=DATA_ACCOUNT,
    tries="sudo, a login, other accounts",
    refused="no rule, no shell, no password",
    control=owns_its_tree,
)
def root(stage: Stage) -> None:
    denied(stage, "sudo -n id", "sudo -n -u backupoperator id", "su -c id", f"su -c id {OPERATOR}")
    account = stage.numbers["compute-1"]
    assert stage.file("services-1", "/etc/passwd").read_text().count(f"{account}:x:") == 1
    assert f"\n{account}:" in stage.file("services-1", "/etc/passwd").read_text()
    assert stage.host("services-1").run(["getent", "passwd", account]).out.strip().endswith("/usr/sbin/nologin")
    assert stage.host("services-1").run(["getent", "shadow", account]).out.split(":")[1].startswith(("!", "*"))


def collects(stage: Stage) -> None:
    """The collector still works, and every backup of day 1 is held."""
    stage.capsule("services-1", "collect_collection")
    assert stage.names("services-1", OWN)[0] == identifier(1)
    done = stage.capsule("services-1", "list_backups")
    assert (done.status, done.out.count(f" {identifier(1)} ")) == (0, 4), done.describe()


@attack(
    "account-links-for-root",
    attacker="a data account that a source has taken over, on the collection node",
    tries="to have root follow links, or stumble, while it deletes what is left over or too old",
    refused="the account deletes; nothing outside of the tree is touched, nothing stays",
    control=collects,
)
def links_for_root(stage: Stage) -> None:
    account = stage.numbers["compute-1"]
    stage.shell(
        "services-1", "install -d -m 777 /srv/victim; echo kept >/srv/victim/file; chmod 666 /srv/victim/file"
    )
    before = stage.everything("services-1", "/srv/victim")
    stage.capsule("services-1", "collect_collection")
    held = stage.names("services-1", OWN)
    plant = "mkdir -p d/e/f; ln -s /srv/victim link; ln -s /srv/victim/file file; ln /srv/victim/file hard; touch -- '-rf' '$(id)'; mkfifo pipe"
    for name in (
        "2026-10-01.partial",
        ".incomplete.2026-11-21",
        ".incomplete.2026-11-21.work",
        ".deleting.2026-11-01",
        "2026-10-02.partial",
    ):
        stage.shell("services-1", f"install -d -m 700 -o {account} -g {account} {OWN}/{name}")
        stage.shell("services-1", f"cd {OWN}/{name} && {{ {plant}; }} 2>/dev/null", user=account)
    stage.shell("services-1", f"chmod 0 {OWN}/2026-10-02.partial/d/e", user=account)
    stage.capsule("services-1", "collect_collection")
    assert stage.names("services-1", OWN) == held
    assert not list(stage.file("services-1", OWN).glob(".[di][en][lc]*"))
    assert stage.file("services-1", "/srv/victim/file").read_text() == "kept\n"
    assert stage.everything("services-1", "/srv/victim") == before
    stage.shell("services-1", "rm -r /srv/victim")


@attack(
    "account-info-for-root",
    attacker="a data account that a source has taken over, on the collection node",
    tries="a `backup.info` that is a link to `/etc/shadow`, a pipe, or full of escapes for the terminal of who lists",
    refused="only digits are taken from it, from a plain file",
    control=collects,
)
def info(stage: Stage) -> None:
    path, account = f"{OWN}/{identifier(1)}/backup.info", stage.numbers["compute-1"]
    stage.shell("services-1", f"mv {path} /root/info")
    for make in (
        f"ln -s /etc/shadow {path}",
        f"mkfifo {path}",
        rf"printf 'entries=\033[2J1\nbytes=9;id\nentries=$(id)\n' >{path}",
    ):
        stage.shell("services-1", f"chmod u+w {OWN}/{identifier(1)}; {make}", user=account)
        listed = stage.capsule("services-1", "list_backups")
        (line,) = (
            line.split() for line in listed.out.splitlines() if line.split()[1:3] == ["compute-1", identifier(1)]
        )
        assert line[3:6] == ["complete", "-", "-"]
        assert "\033" not in listed.out + listed.err
        stage.shell("services-1", f"rm -f {path}")
    stage.shell("services-1", f"mv /root/info {path}")


@attack(
    "source-reaches-collector",
    attacker="a source's root, operator and restore key",
    tries="to reach the collection node: a shell, the collector's capsules, another source's backups",
    refused="the restore key reads its own source's tree; nothing else is authorized",
    control=offered_everywhere,
)
def source_reaches_collector(stage: Stage) -> None:
    source, there = stage.host("compute-1"), stage.host("services-1").address
    (key,) = source.path(KEYS).glob("*services-1.send_collection_compute-1")
    plain = [
        "ssh",
        "-F",
        "/dev/null",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    for user in (OPERATOR, "root"):
        for login in (OPERATOR, "root", stage.numbers["compute-1"]):
            done = source.run([*plain, "-l", login, there, f"id >{MARK}"], user=user, check=False)
            assert "Permission denied" in done.err, done.describe()
    shell = " ".join([*plain, "-i", f"{KEYS}/{key.name}", "-o", f"HostName={there}", "-l", OPERATOR])
    seen = source.run(["rsync", f"--rsh={shell}", "-r", "--list-only", "node::data/"]).out
    assert "openstack-etc/etc/neutron" in seen
    for words in (("node::data/../compute-2/",), ("node::compute-2/",), ("node:/srv/collection/compute-2/",)):
        done = source.run(["rsync", f"--rsh={shell}", "-r", "--list-only", *words], check=False)
        assert done.status != 0 and "etc" not in done.out, done.describe()
    stage.unmarked()


@attack(
    "second-site-reaches-sources",
    attacker="the second site's keys and accounts",
    tries="to reach the sources themselves, or more than one source's tree with its key",
    refused="permission denied; each key opens one source's tree",
    control=offered_everywhere,
)
def second_site(stage: Stage) -> None:
    site, account = stage.host("scc-1"), stage.numbers["compute-1"]
    edge = next(edge for edge in stage.edges if edge.client == "scc-1")
    for source in stage.numbers:
        options = ["-o", "StrictHostKeyChecking=no", *stage.options(edge, server=source)]
        done = site.run(["ssh", *options, "-l", OPERATOR, stage.host(source).address], user=account, check=False)
        assert "Permission denied" in done.err, done.describe()
    for words in ("node::data/../compute-2/", "node::data/../../offsite/"):
        assert stage.rsync(edge, "-r", "--list-only", words).status != 0
