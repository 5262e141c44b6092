"""With the same keys, speaking to the sealed daemon: other modules, writing, escapes, options."""

# records and tables read best with one of them a line
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable

from ..fleet import identifier
from .over_ssh import KEY, offered_everywhere
from .registry import attack
from .stage import MARK, Edge, Stage

DATA = f"node::data/{identifier(1)}/"
Words = list[tuple[str, ...]]
REFUSED: dict[str, tuple[str, Words]] = {
    "other-module": ("another module, or the list of modules", [("-a", "node::other/", "."), ("-a", "node::/", "."), ("-a", "node::data2/", ".")]),
    "write": (
        "writing, deleting and creating",
        [("-a", "/etc/hostname", "node::data/"), ("-r", "--delete", "./", "node::data/"), ("-a", "/etc/hostname", f"{DATA}x")],
    ),
    "remove-source": ("removing what was sent", [("-a", "--remove-source-files", DATA, ".")]),
    "escape": (
        "`..` and absolute paths",
        [("-a", f"node::data/{path}", ".") for path in ("../../../etc/", "//etc/shadow", "/../etc/passwd", f"{identifier(1)}/../../etc/")],
    ),
    "escape-by-link": (
        "paths through a link of the source's that leads out of the tree",
        [
            ("-a", f"{DATA}{directory}/{link}/passwd", ".")
            for directory in ("openstack-etc/etc/neutron", "site/var/www/html")
            for link in ("absolute", "dots")
        ],
    ),
    "follow-links": ("having links followed", [("-aL", DATA, "."), ("-a", "--copy-unsafe-links", DATA, "."), ("-ak", DATA, ".")]),
    "hidden": (
        "backups that are being made or deleted, and the collector's own records",
        [("-a", f"node::data/{name}/", ".") for name in (".incomplete.x", ".deleting.x", ".verified", f"{identifier(1)}/../.incomplete.x", "./.incomplete.x")],
    ),
    "remote-options": (
        "options for the daemon: another configuration, its log, root's powers",
        [("-a", f"-M--{option}", DATA, ".") for option in ("config=/etc/passwd", "dparam=path=/", f"log-file={MARK}", "daemon", "fake-super")],
    ),
    "log-file": ("a log file on the server", [("-a", f"-M--log-file={MARK}", f"-M--log-file-format={MARK}", DATA, ".")]),
    "lists-from-there": ("reading lists from the server", [("-a", "--files-from=:/etc/passwd", "node::data/", "."), ("-a", f"--files-from=:{identifier(1)}/manifest", "node::data/", ".")]),
    "no-daemon": ("a plain rsync server: `node:/path`", [("-a", "node:/etc/passwd", "."), ("-a", "/etc/hostname", f"node:{MARK}")]),
    "expensive": ("making the server work: checksums, compression by its choice", [("-ac", DATA, "."), ("-a", "--copy-devices", DATA, "."), ("-a", "--iconv=utf8,latin1", DATA, ".")]),
}  # fmt: skip


def refused(words: list[tuple[str, ...]]) -> Callable[[Stage], None]:
    """Each of these runs of rsync fails, brings nothing, and changes nothing."""

    def run(stage: Stage) -> None:
        def try_it(edge: Edge) -> None:
            before = stage.tree(edge)
            for one in words:
                done = stage.rsync(edge, *one)
                assert done.status != 0, done.describe()
                assert stage.stolen(edge) == [], done.describe()
            assert stage.tree(edge) == before

        stage.everywhere(try_it)
        stage.unmarked()

    return run


for _name, (_tries, _words) in REFUSED.items():
    attack(
        f"rsync-{_name}",
        attacker=KEY,
        tries=_tries,
        refused="rsync's daemon refuses; nothing comes, nothing changes",
        control=offered_everywhere,
    )(refused(_words))


@attack(
    "rsync-filter-files",
    attacker=KEY,
    tries="filter rules that make the server read files of its own as rules",
    refused="only names inside of the tree exist, and hidden ones stay hidden",
    control=offered_everywhere,
)
def filters(stage: Stage) -> None:
    def try_it(edge: Edge) -> None:
        for rule in (":e /etc/shadow", ": ../../../etc/shadow", "+ /.*", "!"):
            done = stage.rsync(edge, "-r", "--list-only", f"--filter={rule}", "node::data/")
            assert "root:" not in done.out + done.err
            assert ".incomplete.x" not in done.out

    stage.everywhere(try_it)
