"""With the keys by which stored backups are read, and with the order to restore: lines, other names, forged permits."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

from functools import partial

from generator.lab import Completed

from ...attacks import registry
from ..platform import Sbdi
from .stage import INJECTED, keys, moment, opens, ssh, standing, unmarked

attack = partial(registry.attack, fleet="sbdi")
PERMITS = "/run/capsule/{deployment}/permits"


def key_of(sbdi: Sbdi, client: str, server: str, capsule: str) -> str:
    """The one key of ``client`` that opens ``capsule`` on ``server``."""
    (key,) = [key for key in keys(sbdi, client) if opens(key) == (server, capsule)]
    return key


def whole(sbdi: Sbdi) -> str:
    """The newest complete backup of the store."""
    return [name for name in sbdi.names("vault") if not name.endswith(".partial")][-1]


def odd_lines(name: str) -> tuple[str, ...]:
    """What is no line of any of these grammars, around a name that exists."""
    return (
        "",
        "\n",
        name,
        f" {name}\n",
        f"{name} \n",
        f"{name}\t\n",
        f"../{name}\n",
        f"{name}/../{name}\n",
        f"{name};{INJECTED}\n",
        f"$({INJECTED})\n",
        f"-e {name}\n",
        f"{name}.partial.partial\n",
        f"{moment(days=-1)}\n",
        "20260230T000000Z\n",
        "latest\n",
        "\x1b[2J\n",
        "2" * 65536,
    )


def asked(sbdi: Sbdi, line: str, module: str) -> Completed:
    """A source asks for one module of a backup, as rsync would begin."""
    key = key_of(sbdi, "one", "vault", "send_stored_whole_one")
    return ssh(sbdi, "one", key, stdin=f"{line}\n@RSYNCD: 31.0\n{module}\n")


def own_part_is_read(sbdi: Sbdi) -> None:
    """What a restore key is for."""
    assert "@RSYNCD: OK" in asked(sbdi, whole(sbdi), "data.local").out


@attack(
    "stored-lines",
    attacker="a source's restore key, on a store",
    tries="no name, other names, paths, options, `$(…)`, escapes, 64 KiB; a shell; other sources' parts, the store's own directory, a replica's questions about others",
    refused="exit 64 before anything is opened; a module that is not this source's is unknown",
    control=own_part_is_read,
)
def stored_lines(sbdi: Sbdi) -> None:
    key, name = key_of(sbdi, "one", "vault", "send_stored_whole_one"), whole(sbdi)
    for line in odd_lines(name):
        refused = ssh(sbdi, "one", key, stdin=line)
        assert (refused.status, refused.out) == (64, ""), (line[:60], refused.describe())
        assert "\x1b" not in refused.err
    for module in ("data.settings", "data.three", "data", "backup", "../three", "record/../.."):
        assert "@ERROR" in asked(sbdi, name, module).out, module
    # The other store's source, and another node's dataset: nothing is offered of either.
    for dataset in ("settings", "three"):
        assert "@ERROR" in asked(sbdi, f"{name} {dataset}", "data").out, dataset
    assert "uid=" not in ssh(sbdi, "one", key, INJECTED, stdin=f"{name}\nid\n").out
    for other in ("two", "pool"):
        refused = ssh(sbdi, "one", key, server=other)
        # Of most of them it does not even know the host key.
        assert refused.status == 255, refused.describe()
    unmarked(sbdi)


def names_are_told(sbdi: Sbdi) -> None:
    """What a replica's key is for."""
    told = ssh(sbdi, "mirror", key_of(sbdi, "mirror", "vault", "send_replica_offsite"), stdin="names\n")
    assert told.status == 0, told.describe()
    assert f"snapshot {whole(sbdi)} " in told.out


@attack(
    "replica-lines",
    attacker="a replica's key, on a store",
    tries="what is no order, `current`, names that are not stored, a base that is newer, options, made-up tokens, a shell",
    refused="exit 64; not a byte is sent, and nothing is kept from being pruned",
    control=names_are_told,
)
def replica_lines(sbdi: Sbdi) -> None:
    key, name = key_of(sbdi, "mirror", "vault", "send_replica_offsite"), whole(sbdi)
    kept = f"cat /var/lib/capsule/{sbdi.name}/kept/whole/offsite 2>/dev/null || :"
    before = sbdi["vault"].run(["/bin/sh", "-c", kept]).out
    orders = (
        "send - current\n",
        "send - ../current\n",
        f"send - {moment(days=400)}\n",
        f"send {name} {name}\n",
        f"send {moment()} {name}\n",
        f"send -p {name}\n",
        f"send - {name} -R\n",
        f"send - {name};{INJECTED}\n",
        f"destroy {name}\n",
        "names x\n",
        "resume 1-aa-bb-cc\n",
        f"resume $({INJECTED})\n",
    )
    for line in (*odd_lines(name), *orders):
        refused = ssh(sbdi, "mirror", key, stdin=line)
        assert (refused.status, refused.out) == (64, ""), (line[:60], refused.describe())
    assert "uid=" not in ssh(sbdi, "mirror", key, INJECTED, stdin="names\n").out
    assert sbdi["vault"].run(["/bin/sh", "-c", kept]).out == before
    unmarked(sbdi)


def a_permit_is_obeyed(sbdi: Sbdi) -> None:
    """With root's permit the node begins, and only what runs there keeps it from going on."""
    sbdi.capsule("one", "permit_restore_whole", stdin=f"{whole(sbdi)}\n")
    begun = ssh(sbdi, "boss", key_of(sbdi, "boss", "one", "restore_whole"), stdin=f"{whole(sbdi)}\n")
    assert begun.out.splitlines() == ["part one local failed", "result failed"], begun.describe()
    assert "RESTORE-WRITERS-RUN" in begun.err


@attack(
    "restore-lines",
    attacker="the director's key of `restore`, on a source",
    tries="to restore without a permit, by odd names, and by the name of a permit for another backup or one whose time is over",
    refused="exit 64 or 77; a permit that was not for this very name, or that is over, is used up",
    control=a_permit_is_obeyed,
)
def restore_lines(sbdi: Sbdi) -> None:
    key, name = key_of(sbdi, "boss", "one", "restore_whole"), whole(sbdi)
    before = standing(sbdi)
    for line in odd_lines(name):
        refused = ssh(sbdi, "boss", key, stdin=line)
        # A name that no store has may be refused by the missing permit as well.
        assert refused.status in (64, 77), (line[:60], refused.describe())
    for permitted, asks in ((moment(days=3), name), (name, f"{name}.partial"), (name, moment(days=3))):
        sbdi.capsule("one", "permit_restore_whole", stdin=f"{permitted}\n")
        assert ssh(sbdi, "boss", key, stdin=f"{asks}\n").status == 77
        assert ssh(sbdi, "boss", key, stdin=f"{permitted}\n").status == 77, "used up"
    file = f"{PERMITS.format(deployment=sbdi.name)}/restore_whole"
    for words in (f"{name} 1", f"{name} 99999999999999999999", f"{name} x", f"{name} 999999999999 x", name, ""):
        sbdi["one"].run(["/bin/sh", "-c", f"printf '%s\\n' '{words}' >{file}"])
        assert ssh(sbdi, "boss", key, stdin=f"{name}\n").status == 77, words
    assert standing(sbdi) == before
    unmarked(sbdi)


@attack(
    "permit-forged",
    attacker="the operator's account, on a source",
    tries="to write a permit, to make or move the directory of permits, to link into it, and to have the capsule write one",
    refused="permission denied; sudo refuses; the director's order finds no permit",
    control=a_permit_is_obeyed,
)
def permit_forged(sbdi: Sbdi) -> None:
    name, places = whole(sbdi), PERMITS.format(deployment=sbdi.name)
    sbdi.capsule("one", "permit_restore_whole", stdin="none\n")
    for script in (
        f"mkdir -p {places}/x",
        f"echo {name} 999999999999 >{places}/restore_whole",
        f"mv {places} {places}.old",
        f"ln -s /tmp/permits {places}/restore_whole",
        f"ls {places}",
        f"echo {name} | sudo -n {sbdi.programs}/permit_restore_whole",
        f"echo {name} | {sbdi.programs}/permit_restore_whole",
    ):
        refused = sbdi["one"].run(["/bin/sh", "-c", script], user="backupoperator", check=False)
        assert refused.status != 0, (script, refused.describe())
    key = key_of(sbdi, "boss", "one", "restore_whole")
    assert ssh(sbdi, "boss", key, stdin=f"{name}\n").status == 77
