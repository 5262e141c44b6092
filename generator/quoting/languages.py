"""One class for each output language, each with the one constructor that escapes or refuses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar, Self, cast, final


class Unquotable(ValueError):
    """The value cannot be written in the language at all."""

    def __init__(self, language: str, value: str, why: str) -> None:
        super().__init__(f"{value!r} cannot be written in {language}: {why}")
        self.language = language
        self.value = value
        self.why = why


class Quoted:
    """Text that its own language reads back as the value it was made from; deliberately not a ``str``."""

    __slots__ = ("_text",)
    language: ClassVar[str]
    _text: str

    @property
    def text(self) -> str:
        """The quoted text, for the renderer of this language only."""
        return self._text

    @classmethod
    def of(cls, value: str) -> Self:
        """Quote ``value``; raises `Unquotable` where the language cannot hold it."""
        # mypy takes the hash of the class for that of its instances
        return cast("Self", _quoted(cls, value))  # type: ignore[arg-type]

    @classmethod
    def _quote(cls, value: str) -> str:
        raise NotImplementedError(cls.language)

    def __init__(self) -> None:
        raise TypeError(f"use {type(self).__name__}.of()")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Quoted) and other._text == self._text

    def __hash__(self) -> int:
        return hash((type(self), self._text))


@lru_cache(maxsize=1 << 12)  # nine in ten values of a fleet are one that was quoted shortly before
def _quoted(kind: type[Quoted], value: str) -> Quoted:
    _refuse_control(kind.language, value)
    quoted = object.__new__(kind)
    quoted._text = kind._quote(value)
    return quoted


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _refuse_control(language: str, value: str) -> None:
    found = _CONTROL.search(value)
    if found is not None:
        raise Unquotable(language, value, f"control character U+{ord(found[0]):04X}")


@final
class ShellWord(Quoted):
    """One word of bash (POSIX 2.2.2): always in single quotes, so it can be neither a keyword nor a pattern."""

    __slots__ = ()
    language = "bash"

    @classmethod
    def _quote(cls, value: str) -> str:
        return "'" + value.replace("'", "'\\''") + "'"


@final
class SudoersWord(Quoted):
    """A user, path or digest in a sudoers file (sudoers(5)): special characters are escaped with a backslash."""

    __slots__ = ()
    language = "sudoers"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not value:
            raise Unquotable(cls.language, value, "it is empty")
        if not re.fullmatch(r"[A-Za-z0-9/._][A-Za-z0-9/._@:=,-]*", value):
            # sudo reads an escaped backslash in a user's name, and refuses it in a command
            raise Unquotable(cls.language, value, "wildcards, blanks, operators and prefixes have a meaning")
        if value.endswith("/"):
            raise Unquotable(cls.language, value, "a path with a slash at its end stands for every program in there")
        if re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
            raise Unquotable(cls.language, value, "a word of capitals is the name of an alias, ALL among them")
        return re.sub(r"([,:=])", r"\\\1", value)


@final
class CronField(Quoted):
    """A schedule, user name or variable value in a system crontab (crontab(5))."""

    __slots__ = ()
    language = "crontab field"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9*,/@._+-]+", value):
            raise Unquotable(cls.language, value, "only letters, digits and * , / @ . _ + - are allowed")
        return value


@final
class CronCommand(Quoted):
    """One argument-free command of a system crontab: an absolute path, which cron hands to /bin/sh."""

    __slots__ = ()
    language = "crontab command"

    @classmethod
    def _quote(cls, value: str) -> str:
        # cron turns a bare % into a newline, and /bin/sh splits the rest: nothing that needs quoting may occur.
        if not re.fullmatch(r"/[A-Za-z0-9/._+-]+", value):
            raise Unquotable(cls.language, value, "a command is an absolute path of plain characters")
        return value


@final
class AuthorizedKeysWord(Quoted):
    """A value between the double quotes of an option, or a key, in authorized_keys (sshd(8))."""

    __slots__ = ()
    language = "authorized_keys"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9/._+:=,@ \[\]-]+", value):
            raise Unquotable(cls.language, value, "quotes, backslashes and patterns have a meaning of their own")
        return value


@final
class KnownHostsWord(Quoted):
    """A host alias, key type or key in known_hosts (sshd(8)); patterns and lists are refused."""

    __slots__ = ()
    language = "known_hosts"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9/._+:=-]*", value):
            raise Unquotable(cls.language, value, "patterns, lists and markers have a meaning of their own")
        return value


@final
class LogrotateWord(Quoted):
    """A path, user or group in a logrotate file (logrotate(8))."""

    __slots__ = ()
    language = "logrotate"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9/._+@-]+", value):
            raise Unquotable(cls.language, value, "blanks, quotes and patterns have a meaning of their own")
        return value


@final
class SystemdWord(Quoted):
    """A name, number or absolute path in a systemd unit file, the whole value or a word of it (systemd.syntax(7)).

    Nothing in it can be a specifier, a variable, a quote, a continuation, or a prefix of an executable.
    """

    __slots__ = ()
    language = "systemd unit"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9/._][A-Za-z0-9/._+@:-]*", value):
            raise Unquotable(cls.language, value, "blanks, quotes, %, $, \\ and prefixes have a meaning of their own")
        return value


@final
class SystemdPath(Quoted):
    """One absolute path of a list in a systemd unit file, such as ``ReadWritePaths=``: always in double quotes.

    The leading hyphen says that it may be missing. Variables are not expanded there; specifiers are.
    """

    __slots__ = ()
    language = "systemd path list"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not value.startswith("/"):
            raise Unquotable(cls.language, value, "a path is absolute")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        return f'"-{escaped}"'


@final
class SystemdText(Quoted):
    """A description of a systemd unit, which is the rest of its line."""

    __slots__ = ()
    language = "systemd description"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not value or value != value.strip() or value.endswith("\\"):
            raise Unquotable(cls.language, value, "systemd trims blanks, and continues a line after a backslash")
        return value.replace("%", "%%")


@final
class SystemdCalendar(Quoted):
    """A calendar event of systemd with its time zone (systemd.time(7)); it has no quoting, so the rest is refused."""

    __slots__ = ()
    language = "systemd calendar event"

    @classmethod
    def _quote(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9*,:./ _+-]+", value) or value != value.strip():
            raise Unquotable(cls.language, value, "only letters, digits, blanks and * , : . / _ + - are allowed")
        return value


@final
class RsyncdValue(Quoted):
    """A whole value of rsyncd.conf(5), which stands inside a quoted here-document of a bash capsule."""

    __slots__ = ()
    language = "rsyncd.conf"

    @classmethod
    def _quote(cls, value: str) -> str:
        if value != value.strip() or not value:
            raise Unquotable(cls.language, value, "rsync trims blanks at both ends")
        if value.endswith("\\") or "%" in value or value.startswith(("#", ";", "&")):
            raise Unquotable(cls.language, value, "it would be continued, expanded or taken for a comment")
        if value == "END_OF_RSYNCD_CONF":
            raise Unquotable(cls.language, value, "it would end the here-document")
        return value
