"""What is kept of an example fleet that was built with a fixed secret, and how it is compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from generator.verify import find_tools
from generator.verify.shellcheck import EXCLUDED

# they follow from every byte of every template, so that they would change with each of them
DERIVED = re.compile(
    r"(?<=build )[0-9a-f]{16}|(?<=Build ')[0-9a-f]{16}|(?<=build_id=')[0-9a-f]{16}|(?<=sha256:)[0-9a-f]{64}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One fleet: ``nodes`` whose files are kept, and of their ``capsules`` one of each, as ``node/pattern``."""

    golden: Path
    deployment: str
    nodes: tuple[str, ...]
    capsules: tuple[str, ...]

    def compare(self, output: Path) -> None:
        """Fails unless the build in ``output`` is what is kept; writes it anew where that is asked for."""
        rendered = self._readable(output / self.deployment / "nodes")
        if os.environ.get("CAPSULE_UPDATE_GOLDEN"):
            shutil.rmtree(self.golden, ignore_errors=True)
            for name, text in rendered.items():
                (self.golden / name).parent.mkdir(parents=True, exist_ok=True)
                (self.golden / name).write_text(text)
        kept = {
            path.relative_to(self.golden).as_posix(): path.read_text()
            for path in sorted(self.golden.rglob("*"))
            if path.is_file()
        }
        assert sorted(rendered) == sorted(kept)
        for name, text in rendered.items():
            assert text == kept[name], name

    def analyse(self, *, least: int) -> None:
        """Fails unless shellcheck's strictest analysis finds nothing in the kept capsules, ``least`` at least."""
        # `gen build` leaves data flow out, for its cost; here it is on
        capsules = sorted(self.golden.glob(f"*/root/opt/capsule/{self.deployment}/bin/*"))
        assert len(capsules) >= least
        options = (
            "--norc",
            "--shell=bash",
            "--enable=all",
            "--extended-analysis=true",
            f"--exclude={','.join(EXCLUDED)}",
        )
        found = subprocess.run(
            [find_tools()["shellcheck"], *options, *capsules], capture_output=True, text=True, check=False
        )
        assert (found.returncode, found.stdout) == (0, "")

    def _readable(self, directory: Path) -> dict[str, str]:
        """Every file of the kept nodes but private keys and manifests, and one of each capsule, by path."""
        found = {}
        for pattern in self.capsules:
            node, capsule = pattern.split("/")
            for path in sorted((directory / node / f"root/opt/capsule/{self.deployment}/bin").glob(capsule)):
                found[path.relative_to(directory).as_posix()] = DERIVED.sub("derived", path.read_text())
        for node in self.nodes:
            for path in sorted((directory / node / "root").rglob("*")):
                name = path.relative_to(directory).as_posix()
                if path.is_file() and (path.name == "known_hosts" or "/opt/" not in name):
                    found[name] = DERIVED.sub("derived", path.read_text())
        return found
