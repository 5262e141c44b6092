"""``gen`` that asks shellcheck about each script once in a session of tests: builds often hold the same capsules.

What shellcheck says depends on its options and on what it reads, so it is remembered by these, in a directory that
all processes of the session share. Run as a program, this module is ``gen`` itself.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from generator.cli import main
from generator.verify import shellcheck
from generator.verify.tools import Outcome

VARIABLE = "CAPSULE_TEST_VERDICTS"
# a build's own number stands in each capsule, where shellcheck has nothing to say about it
NUMBER = re.compile(rb"'[0-9a-f]{16}'")


def remember(directory: Path) -> None:
    """From now on this process looks into ``directory`` before it asks shellcheck, and leaves there what it heard."""
    ask = shellcheck.run

    def run(tool: Path, *arguments: str, content: bytes = b"") -> Outcome:
        *options, file = arguments
        question = repr((str(tool), options)).encode() + NUMBER.sub(b"''", Path(file).read_bytes())
        answer = directory / sha256(question).hexdigest()
        if not answer.exists():
            outcome = ask(tool, *arguments, content=content)
            with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as new:
                json.dump(asdict(outcome), new)
            Path(new.name).replace(answer)
        return Outcome(**json.loads(answer.read_text("utf-8")))

    shellcheck.run = run


if __name__ == "__main__":
    if VARIABLE in os.environ:
        remember(Path(os.environ[VARIABLE]))
    main(prog_name="gen")
