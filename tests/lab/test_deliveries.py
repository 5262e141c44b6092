"""One build, one machine, every delivery: what lies on the machine afterwards is the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator.lab import Lab, services

from . import puppets
from .controller import Controller
from .fleet import host_key
from .machines import copy
from .walker import Tree, differences, timeless, walk

NODE = "server-1"
BUILD = "output/example"
# shadow has the day of an account's last change, and Puppet's own files are nobody else's
TOUCHED: dict[str, tuple[bytes, ...]] = {
    "/etc": (b"shadow", b"puppet", b"puppetlabs"),
    "/opt/capsule": (),
    "/var/lib/backupoperator": (),
    "/var/lib/capsule": (),
    "/var/log/capsule": (),
    "/backups": (),
}

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("puppet", "dpkg")), reason="there is no Puppet or no dpkg here"
)


class Machine:
    """A machine as its administrator left it, which can be had again at any time, and a build for it."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.host = lab.host(NODE, address="192.0.2.11", base=Path("/"))
        self.controller = Controller(home, self.host)
        self.controller.prepare()
        self.gen("init fleet")
        inventory = home / "fleet/inventory.yml"
        text = inventory.read_text("utf-8").replace("defaults:\n", "defaults:\n  deliveries: [debian, plain]\n")
        for name in (NODE, "server-2", "collector"):
            private, public = host_key(home / f"{name}.key")
            text = text.replace(f"ssh-ed25519 PASTE-THE-KEY-OF-{name}", public)
            if name == NODE:
                self.host.run(["bash", "-c", "rm -f /etc/ssh/ssh_host_*"])
                self.host.install_ssh_host_key(private)
        inventory.write_text(text, "utf-8")
        self.gen("keys init fleet/inventory.yml")
        self.gen("build fleet/inventory.yml")
        puppets.put(self.host, "/etc/ssh/sshd_config", puppets.SSHD)
        puppets.put(self.host, "/etc/facter/facter.conf", puppets.FACTER)
        self.controller.welcome(self.host)
        self.empty = self.host.save()

    def gen(self, arguments: str) -> str:
        status, said = self.controller.shell(f"gen {arguments}")
        assert status == 0, said
        return said

    def run(self, *argv: str, status: int = 0) -> None:
        done = self.host.run(argv, check=False, seconds=puppets.PATIENCE)
        assert done.status == status, done.describe()

    def carry(self, path: str, target: str) -> None:
        copy(self.controller.path(f"{BUILD}/{path}"), self.host.path(target))

    def delivered(self, deliver: Callable[[Machine], None]) -> dict[str, Tree]:
        """What a delivery leaves on the machine as it was at first, after gen has judged it."""
        self.host.load(self.empty)
        deliver(self)
        self.gen(f"verify {BUILD} --node {NODE} --root {self.host.path('/')} --signers {BUILD}/allowed_signers")
        return {top: timeless(walk(self.host.path(top), without=without)) for top, without in TOUCHED.items()}


@pytest.fixture
def machine(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Lab(lab_directory) as lab:
        yield Machine(lab, tmp_path_factory.mktemp("one"))  # ssh's sockets below it have short names


def by_hand(machine: Machine) -> None:
    machine.carry(f"nodes/{NODE}", "/run/build")
    machine.run("/run/build/install.sh")


def by_dpkg(machine: Machine) -> None:
    machine.carry(f"nodes/{NODE}", "/run/build")
    machine.run("bash", "-c", "dpkg --install /run/build/*.deb")


def by_puppet(machine: Machine) -> None:
    machine.carry("puppet", "/run/environments/fleet")
    where = ("--environmentpath", "/run/environments", "--environment", "fleet", "--certname", NODE)
    site = "/run/environments/fleet/manifests/site.pp"
    machine.run("puppet", "apply", *where, "--detailed-exitcodes", site, status=2)


def by_ansible(machine: Machine) -> None:
    services.start_sshd(machine.host)
    status, said = machine.controller.shell(
        f"cd {BUILD}/ansible && ansible-playbook -i inventory.yml site.yml --limit {NODE}"
    )
    assert status == 0, said


def test_every_delivery_leaves_the_same_node(machine: Machine) -> None:
    installed = machine.delivered(by_hand)
    assert b"example/bin/backup_nightly" in installed["/opt/capsule"]
    for deliver in (by_dpkg, by_puppet, by_ansible):
        found = machine.delivered(deliver)
        unlike = [f"{top}/{line}" for top in TOUCHED for line in differences(installed[top], found[top])]
        assert unlike == [], deliver.__name__
