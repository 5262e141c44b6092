"""Writes a new fleet secret to disk: whole, private, and never over an old one."""

from __future__ import annotations

import os
from pathlib import Path


def create_private_file(path: Path, content: bytes) -> None:
    """Create ``path`` with mode 0600 and ``content``, at once; raises `FileExistsError` and other `OSError`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # unlike a rename, a link fails where there is a file already
        path.hardlink_to(draft)
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
