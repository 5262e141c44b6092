"""Text files of an Ansible project."""

from __future__ import annotations

from pathlib import Path

from generator.importing.failures import failure
from generator.source.text import SourceText

VAULTED = "$ANSIBLE_VAULT;"
COMMENTS = (b"#", b";")
ADVICE = "name an inventory that you may read: a file, a directory, or what `ansible-inventory --list` printed"


def read_text(path: Path) -> SourceText:
    """The file at ``path``; raises `ImportFailure` (C0701) for what is no text, (C0703) for what is encrypted."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise failure("C0701", f"cannot read {path}: {error.strerror or type(error).__name__}", ADVICE) from error
    text = _decoded(content)
    if text is None:
        raise failure("C0701", f"{path} is not UTF-8", "save it as UTF-8; comments alone may be something else")
    if text.startswith(VAULTED):
        advice = "let Ansible open it: `ansible-inventory --list --ask-vault-pass -i … > list.json`, then import that"
        raise failure("C0703", f"{path} is encrypted with Ansible Vault", advice)
    return SourceText(name=str(path), shown=str(path), text=text, content=content)


def _decoded(content: bytes) -> str | None:
    """UTF-8, or None. In comments, and only there, Ansible puts up with other encodings."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        lines = [b"" if line.startswith(COMMENTS) else line for line in content.split(b"\n")]
    try:
        return b"\n".join(lines).decode("utf-8")
    except UnicodeDecodeError:
        return None
