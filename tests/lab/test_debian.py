"""docs/debian.md, as it is written, on a real machine: a package installed, upgraded, removed and purged by dpkg."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.pages import follow
from docs.place import ROOT, Place

from generator.keys import FleetSecret, format_secret
from generator.lab import Lab

from .fleet import host_key
from .machines import Machine, Node, carry

VERIFY = """\
cd fleet && signer="$(gen keys show | grep -oE 'ssh-ed25519 [A-Za-z0-9+/=]+' | head -n 1)" && \
gen verify output/example --signers "$signer" && \
gen verify output/example/nodes/server-1 --root {root} --signers "$signer" && \
stat --format=mode=%a output/example/nodes/server-1/*.deb
"""


def test_the_page_works_as_written(lab_directory: Path, tmp_path: Path) -> None:
    build_host = Place(tmp_path)
    build_host.install_gen()
    subprocess.run([sys.executable, "-m", "generator", "init", tmp_path / "fleet"], cwd=ROOT, check=True)
    inventory = tmp_path / "fleet/inventory.yml"
    for name in ("server-1", "server-2", "collector"):
        _, public = host_key(tmp_path / name)
        inventory.write_text(inventory.read_text().replace(f"ssh-ed25519 PASTE-THE-KEY-OF-{name}", public))
    secret = inventory.with_name("example.secret")
    secret.write_bytes(format_secret(FleetSecret(b"test" * 8)))
    secret.chmod(0o600)
    with Lab(lab_directory) as lab:
        host = lab.host("server-1", address="192.0.2.11")
        machines: dict[str, Machine] = {"build-host": build_host, "server-1": Node(host)}
        assert follow(ROOT / "docs/debian.md", machines, lambda carried: carry(machines, carried)) == 19
        # what dpkg placed is what the seal names, owners and modes too
        host.run(["bash", "-c", "dpkg --install /root/next/*.deb"])
        status, said = build_host.shell(VERIFY.format(root=host.path("/")))
        assert (status, "mode=600" in said) == (0, True), said
        by_package = placed(Node(host))
        host.run(["dpkg", "--remove", "capsule-example-server-1"])
        host.run(["/root/next/install.sh"])
        assert placed(Node(host)) == by_package


def placed(node: Node) -> str:
    """Every file of the deployment but its state, with owner, mode and digest."""
    status, said = node.shell(
        "find /opt/capsule /etc/*.d /var/lib/backupoperator /backups -printf '%p %M %U %G\\n' | sort;"
        " find /opt/capsule /etc/*.d -type f -exec sha256sum {} + | sort; getent passwd backupoperator"
    )
    assert status == 0, said
    return said
