"""The closed union of what can lie on a node; consumers ``match`` it and end in ``assert_never``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from generator.plan.holes import Holes
from generator.plan.needs import UNKNOWN_NEEDS, Needs
from generator.plan.origin import Origin

OWN_KEY_SUFFIX = ".own"  # not .pub, which ssh would read instead of the key


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """One permission: ``account`` on ``client`` may run ``capsule`` on ``server``, with a key of its own.

    ``epoch`` counts key rotations and comes from the inventory.
    """

    purpose: str
    client: str
    account: str
    server: str
    capsule: str
    epoch: int = 1

    @property
    def name(self) -> str:
        """A file name that is unique on the client, whatever else it collects or restores from that server."""
        # names of nodes hold no `_`, so a prefix that ends in one is never mistaken for a part of a server's name
        purpose = f"{self.purpose}_" if self.account == "root" else ""
        return f"{purpose}{self.server}.{self.capsule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """One sealed, argument-free script.

    ``path`` is absolute on the node, ``template`` a file name below ``templates/``, ``holes`` what it is given.
    ``summary`` is one sentence for the header and the reviewer. ``sensitive`` capsules are 0700.
    """

    name: str
    path: str
    template: str
    holes: Holes
    summary: str
    origin: Origin
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The operator may run the capsule at ``capsule_path`` as root, without arguments."""

    capsule_path: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SudoersFragment:
    """``grants`` of one operator; with ``digests`` the rules pin each capsule's sha256 (not for sudo-rs)."""

    path: str
    operator: str
    digests: bool
    grants: tuple[Grant, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKey:
    """One line: the public key of ``edge``, usable only from ``addresses`` and only for ``capsule_path``.

    ``epochs`` are the key epochs that are accepted, more than one while a rotation is in flight; none where the
    client makes the key by itself: then ``own`` are the public keys (``type base64``) that are accepted. ``reason``
    is a clause of plain words: what the client does with it.
    """

    edge: Edge
    epochs: tuple[int, ...]
    addresses: tuple[str, ...]
    capsule_path: str
    origin: Origin
    reason: str = ""
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKeys:
    """The operator's whole authorized_keys file, root-owned."""

    path: str
    sudo: str
    entries: tuple[AuthorizedKey, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHost:
    """The pinned ``keys`` (``type base64``) of the host whose ``HostKeyAlias`` is ``alias``."""

    alias: str
    keys: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHosts:
    """Every host that this node may connect to, pinned."""

    path: str
    hosts: tuple[KnownHost, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """The private half of ``edge``, on its client only, readable by ``group`` if that is not root.

    ``reason`` is a clause of plain words: what the client does with it.
    """

    path: str
    edge: Edge
    group: str
    origin: Origin
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A private half of ``edge`` that its client makes by itself, at `key_path`; no build ever holds it.

    At ``path`` lies a sealed file with the ``public`` keys that it may have, ``type base64``; none where nobody knows
    it yet. The file has the owner, the ``group`` and the mode that the key beside it must have.
    """

    path: str
    edge: Edge
    group: str
    public: tuple[str, ...]
    origin: Origin
    reason: str = ""

    @property
    def key_path(self) -> str:
        """Where the private key lies."""
        return self.path.removesuffix(OWN_KEY_SUFFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class CronEntry:
    """``capsule_path`` runs as root at ``schedule``, five crontab fields in the node's own time zone."""

    schedule: str
    capsule_path: str
    origin: Origin
    needs: Needs = UNKNOWN_NEEDS


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTable:
    """A file of /etc/cron.d; what a run writes to stderr goes to ``mail_to``, or nowhere if that is empty."""

    path: str
    mail_to: str
    entries: tuple[CronEntry, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdService:
    """A oneshot unit that runs ``capsule_path`` as root and leaves it what it ``needs``.

    What it says on stderr goes to the file ``errors_path``, and the unit ``mailer`` reads that after every run; where
    both are empty it goes to the journal and nobody is told.
    """

    path: str
    description: str
    capsule_path: str
    needs: Needs
    errors_path: str
    mailer: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdMailer:
    """A oneshot unit that runs ``capsule_path``, which mails what the last run of another unit had to say."""

    path: str
    description: str
    capsule_path: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdTimer:
    """Starts the unit ``service``, which runs ``capsule_path``, at each of ``calendars`` (systemd.time(7)).

    Together they mean ``schedule``, five crontab fields in the node's own time zone. ``mail_to`` hears of errors.
    """

    path: str
    description: str
    service: str
    schedule: str
    calendars: tuple[str, ...]
    capsule_path: str
    mail_to: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRotation:
    """A file of /etc/logrotate.d for the logs in ``directory``."""

    path: str
    directory: str
    origin: Origin


SystemdUnit: TypeAlias = SystemdService | SystemdMailer | SystemdTimer
Artifact: TypeAlias = (
    Capsule
    | SudoersFragment
    | AuthorizedKeys
    | KnownHosts
    | PrivateKey
    | OwnKey
    | CronTable
    | SystemdUnit
    | LogRotation
)
