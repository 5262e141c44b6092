"""Values that are already quoted for one output language.

A template hole accepts only the type of its own language, so a value that was never quoted, or was quoted for
another language, cannot be rendered. Each type has one constructor, ``of``, that escapes or refuses.
"""

from generator.quoting.languages import (
    AuthorizedKeysWord,
    CronCommand,
    CronField,
    KnownHostsWord,
    LogrotateWord,
    Quoted,
    RsyncdValue,
    ShellWord,
    SudoersWord,
    SystemdCalendar,
    SystemdPath,
    SystemdText,
    SystemdWord,
    Unquotable,
)

__all__ = [
    "AuthorizedKeysWord",
    "CronCommand",
    "CronField",
    "KnownHostsWord",
    "LogrotateWord",
    "Quoted",
    "RsyncdValue",
    "ShellWord",
    "SudoersWord",
    "SystemdCalendar",
    "SystemdPath",
    "SystemdText",
    "SystemdWord",
    "Unquotable",
]
