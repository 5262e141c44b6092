"""What a scheduled run needs of its node, so that a scheduler can take everything else from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The needs of one capsule; the defaults are those of one that nothing is known of, which keeps everything.

    ``seconds`` is its own time limit, 0 for none. ``writes`` are the directories it changes, Capsule's own state and
    logs apart. ``controls`` says that it mounts, or steers storage or other programs: what it does must be seen by
    all. ``reads_everything`` says that any file of the node, devices and kernel modules too, may be what it reads;
    ``any_file`` that it makes files of any owner, mode and kind; ``accounts`` that it does part of its work as
    another user; ``network`` that it talks to anything but the node itself.
    """

    seconds: int = 0
    writes: tuple[str, ...] = ()
    controls: bool = True
    reads_everything: bool = True
    any_file: bool = True
    accounts: bool = True
    network: bool = True


UNKNOWN_NEEDS = Needs()
