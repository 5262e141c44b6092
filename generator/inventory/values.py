"""The inventory's own kinds of values: each is checked once, here, and trusted afterwards."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from generator.inventory.cron import CronError, parse_cron
from generator.inventory.hostkeys import BadPublicKey, PrivateKeyShown, parse_public_key
from generator.inventory.refusal import meant, refuse
from generator.inventory.zones import UnknownZone, load_zone, zone_names
from generator.plan.origin import Origin
from generator.source.secrets import SecretReference

NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?\Z")
WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?\Z")
HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
MACHINE_ID = re.compile(r"[0-9a-f]{32}\Z")
ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,30}\Z")
EMAIL = re.compile(r"[A-Za-z0-9._+][A-Za-z0-9._+-]*@[A-Za-z0-9.-]+\Z|[a-z_][a-z0-9_-]*\Z")
SHARED_DIRECTORY = re.compile(
    r"/(bin|boot|dev|etc|home|lib|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp)\Z"
    r"|/usr(/(bin|lib|local|sbin|share))?\Z|/var(/(cache|lib|log|mail|run|spool|tmp))?\Z"
)
VANISHING_DIRECTORIES = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/", "/var/run/")
NO_MOUNTS = ("/dev/", "/proc/", "/sys/", "/boot/", "/etc/", "/usr/")
URL = re.compile(r"https?://[A-Za-z0-9._~:/=@%+,;!*()\[\]-]+\Z")
PARTS = re.compile(r"(?:[1-9][0-9]{0,6}[a-zA-Z])+\Z")
PART = re.compile(r"([0-9]+)([a-zA-Z])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
LONGEST_SECONDS = 10 * 366 * 86400
SHORTEST_PAUSE, LONGEST_PAUSE = 10, 900


def _duration(value: Any) -> int:
    wrong = refuse(
        "C0209", f"`{value}` is not a duration", "write a number and a unit: 45s, 90m, 26h, 2d; or several: 1h30m"
    )
    if not isinstance(value, str) or not PARTS.match(value):
        raise wrong
    total = 0
    for number, unit in PART.findall(value):
        if unit not in SECONDS:
            raise wrong
        total += int(number) * SECONDS[unit]
    if total > LONGEST_SECONDS:
        raise refuse("C0209", f"`{value}` is longer than ten years", "write a shorter duration")
    return total


def _pause(seconds: int) -> int:
    if not SHORTEST_PAUSE <= seconds <= LONGEST_PAUSE:
        said = f"a pause of {seconds} s is too {'short for snapshots' if seconds < SHORTEST_PAUSE else 'long'}"
        raise refuse("C0206", said, f"write at least {SHORTEST_PAUSE}s and at most {LONGEST_PAUSE // 60}m")
    return seconds


def _size(value: Any) -> int:
    match = PART.fullmatch(value) if isinstance(value, str) and PARTS.match(value) else None
    if match is None or match.group(2) not in BYTES:
        raise refuse("C0210", f"`{value}` is not a size", "write a number and a unit: 512M, 5G, 2T (powers of 1024)")
    return int(match.group(1)) * BYTES[match.group(2)]


def _name(value: str) -> str:
    if "@+" in value:
        said = f"`{value}` cannot be a name: `@+` divides node and path in the names of what is backed up"
        raise refuse("C0207", said, "leave it out")
    if not NAME.match(value) or ".." in value:
        raise refuse(
            "C0207",
            f"`{value}` cannot be a name",
            "use up to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit",
        )
    return value


def _word(value: str) -> str:
    if not WORD.match(value):
        raise refuse(
            "C0207",
            f"`{value}` cannot be the name of a fleet",
            "use up to 31 lower-case letters, digits and hyphens: it is part of file names that cron and sudo read,"
            " which skip names with a dot",
        )
    return value


def check_path(value: str) -> str:
    """``value`` without a final slash, if it is an absolute path without ``.`` and ``..``."""
    if not value.startswith("/"):
        raise refuse("C0208", f"the path `{value}` is relative", "write it from the root: a capsule has no directory")
    path = value.rstrip("/") or "/"
    parts = path.split("/")[1:] if path != "/" else []
    if "//" in value or any(part in (".", "..") for part in parts):
        raise refuse("C0208", f"the path `{value}` goes through `..`, `.` or `//`", "write where it really leads")
    if any(len(part.encode()) > 255 for part in parts) or len(path.encode()) > 1024:
        raise refuse("C0208", "the path is longer than a file system takes", "write a shorter one")
    return path


def _own_path(value: str) -> str:
    path = check_path(value)
    if path == "/":
        raise refuse("C0208", "the root of the file system cannot be given away", "name a directory below it")
    # these end up in sudoers, cron tables and sshd's files, whose readers have no common quoting
    if not re.fullmatch(r"[A-Za-z0-9/._-]+", path):
        said = f"`{value}` has characters that sudoers or cron read as their own"
        raise refuse("C0208", said, "use letters, digits, `.`, `_` and `-`")
    return path


def _installed_path(value: str) -> str:
    path = _own_path(value)
    if f"{path}/".startswith((*VANISHING_DIRECTORIES, "/var/tmp/")):
        raise refuse("C0208", f"`{path}` does not last", "name a directory that no boot and no cleaning empties")
    if f"{path}/".startswith("/home/"):
        said = f"`{path}` lies in the homes, where others than root write or a mount may be missing"
        raise refuse(
            "C0208", said, "name a directory that belongs to root: /opt, /var/log and /var/lib are meant for it"
        )
    return path


def _store_path(value: str) -> str:
    path = check_path(value)
    if path == "/":
        raise refuse("C0208", "a store cannot be the root of the file system", "name a directory of its own")
    return _of_its_own(path)


def _mount_path(value: str) -> str:
    path = _own_path(value)
    if SHARED_DIRECTORY.match(path) or f"{path}/".startswith(NO_MOUNTS):
        said = f"nothing can be mounted over `{path}`, which the whole system uses"
        raise refuse("C0208", said, "name a directory of its own, such as one below /run/capsule or /mnt")
    return path


def _home_path(value: str) -> str:
    return _of_its_own(_own_path(value))


def _of_its_own(path: str) -> str:
    """``path``, whose owner and mode are Capsule's to set; refuses what others use and what does not last."""
    if SHARED_DIRECTORY.match(path):
        said = f"`{path}` belongs to the whole system, and would get another owner and mode"
        raise refuse("C0208", said, "name a directory of its own below it")
    if path.startswith(VANISHING_DIRECTORIES):
        raise refuse("C0208", f"`{path}` does not outlive a boot", "name a directory on a disk")
    return path


def _host(value: str) -> str:
    if "@+" in value:
        said = f"`{value}` has an `@+`, which divides node and path in the names of what is backed up"
        raise refuse("C0215", said, "leave it out")
    if "@" in value or "+" in value:
        said = f"`{value}` has an `@` or `+`, which ssh and netgroups read as their own"
        raise refuse("C0215", said, "leave it out")
    if len(value) > 253 or not all(HOST_LABEL.match(label) for label in value.split(".")):
        raise refuse("C0215", f"`{value}` is not a host name", "write it as `hostname` prints it on the node")
    return value


def _certname(value: str) -> str:
    if value != value.lower():
        raise refuse(
            "C0215",
            f"`{value}` has capitals, and Puppet makes certificates in small letters",
            f"write `{value.lower()}`",
        )
    return _host(value)


def _own_host(value: str) -> str:
    if len(value) > 64:
        raise refuse(
            "C0215", f"`{value}` is longer than the 64 characters that Linux gives a host name", "shorten it"
        )
    return _host(value)


def _machine_id(value: str) -> str:
    if not MACHINE_ID.match(value) or not value.strip("0"):
        raise refuse("C0223", f"`{value}` is not a machine id", "write the line of /etc/machine-id, in quotes")
    return value


def _address(value: str) -> str:
    if "%" in value:
        raise refuse("C0213", f"`{value}` means something on one machine only", "write an address without `%`")
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    if re.fullmatch(r"[0-9.:]+", value):
        raise refuse("C0213", f"`{value}` is not an address", "write an IPv4 or IPv6 address, or a host name")
    return _host(value)


def _egress(value: str) -> str:
    try:
        if "%" in value:
            raise ValueError(value)
        if "/" in value:
            return str(ipaddress.ip_network(value))
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        advice = "write the IPv4 or IPv6 address that others see connections of this node come from, or a network"
        if "host bits" in str(error):
            advice = f"the network is {ipaddress.ip_network(value, strict=False)}"
        raise refuse("C0213", f"`{value}` is not an address or network", advice) from None


def _public_key(value: str) -> str:
    try:
        return parse_public_key(value)
    except PrivateKeyShown as error:
        advice = "take the line of the .pub file; make the node a new key, for this one has been shown"
        raise refuse("C0214", str(error), advice) from None
    except BadPublicKey as error:
        raise refuse("C0214", str(error), "copy the line of the .pub file, or of `ssh-keyscan` on the node") from None


def _cron(value: str) -> str:
    try:
        return " ".join(parse_cron(value).text.split())
    except CronError as error:
        advice = 'write minute, hour, day of the month, month and day of the week, such as "15 1 * * *"'
        raise refuse("C0211", str(error), advice) from None


def _zone(value: str) -> str:
    try:
        load_zone(value)
    except UnknownZone:
        advice = meant(value, zone_names(), "use a name of the IANA database, such as UTC or Europe/Berlin")
        raise refuse("C0212", f"there is no time zone `{value}`", advice.partition(";")[0]) from None
    return value


def _account(value: str) -> str:
    if not ACCOUNT.match(value) or value == "root":
        said = f"`{value}` cannot be the operator's account"
        raise refuse("C0207", said, "use lower-case letters, digits, `-` and `_`, and not root")
    return value


def _mail(value: str) -> str:
    if not EMAIL.match(value):
        raise refuse("C0219", f"`{value}` is not an address that cron can send mail to", "write one address")
    return value


def _url(value: str) -> str:
    if not URL.match(value):
        raise refuse("C0219", f"`{value}` is not a URL", "write it whole, beginning with https://")
    return value


def _day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise refuse("C0219", f"`{value}` is not a date", "write it as 2026-11-01") from None
    return value


def _secret(value: str) -> str:
    try:
        SecretReference.parse(value, Origin(path="fleet_secret"))
    except ValueError as error:
        raise refuse("C0216", "this does not say where the secret is", str(error)) from None
    return value


def _described(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


Duration: TypeAlias = Annotated[
    int, BeforeValidator(_duration), _described("^([1-9][0-9]*[smhd])+$", "90m", "26h", "2d")
]
PauseLength: TypeAlias = Annotated[Duration, AfterValidator(_pause)]
Size: TypeAlias = Annotated[int, BeforeValidator(_size), _described("^[1-9][0-9]*[KMGTP]$", "512M", "5G")]
Name: TypeAlias = Annotated[str, AfterValidator(_name)]
Word: TypeAlias = Annotated[str, AfterValidator(_word)]
AbsolutePath: TypeAlias = Annotated[str, AfterValidator(check_path), _described("^/")]
OwnPath: TypeAlias = Annotated[str, AfterValidator(_own_path), _described("^/")]
MountPath: TypeAlias = Annotated[str, AfterValidator(_mount_path), _described("^/.")]
HomePath: TypeAlias = Annotated[str, AfterValidator(_home_path), _described("^/.")]
InstalledPath: TypeAlias = Annotated[str, AfterValidator(_installed_path), _described("^/.")]
StorePath: TypeAlias = Annotated[str, AfterValidator(_store_path), _described("^/.")]
HostName: TypeAlias = Annotated[str, AfterValidator(_own_host)]
CertName: TypeAlias = Annotated[str, AfterValidator(_certname)]
MachineId: TypeAlias = Annotated[str, AfterValidator(_machine_id)]
Address: TypeAlias = Annotated[str, AfterValidator(_address)]
Egress: TypeAlias = Annotated[str, AfterValidator(_egress)]
PublicKey: TypeAlias = Annotated[str, AfterValidator(_public_key)]
Cron: TypeAlias = Annotated[str, AfterValidator(_cron)]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]
Account: TypeAlias = Annotated[str, AfterValidator(_account)]
Mail: TypeAlias = Annotated[str, AfterValidator(_mail)]
Url: TypeAlias = Annotated[str, AfterValidator(_url)]
SecretText: TypeAlias = Annotated[str, AfterValidator(_secret)]
Day: TypeAlias = Annotated[str, AfterValidator(_day)]
