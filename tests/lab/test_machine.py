"""The emulated machine: on the wire with hosts, with every kind of snapshot that this machine's kernel lacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import CommandFailed, Lab, LabError, Machine, containers, filesystems, services

from .test_lab import SSH, mounts_and_links, waited

pytestmark = pytest.mark.machine


@pytest.fixture(scope="module")
def lab(machine_directory: Path) -> Iterator[Lab]:
    with Lab(machine_directory) as lab:
        yield lab


@pytest.fixture(scope="module")
def machine(lab: Lab) -> Machine:
    return lab.machine("real", address="10.31.0.9")


def shell(machine: Machine, script: str) -> str:
    return machine.run(["/bin/bash", "-euxc", script], seconds=300).out.strip()


def test_commands_are_run_as_on_a_host(machine: Machine) -> None:
    shell(machine, "useradd --uid 1901 --create-home someone")
    who = machine.run(["/bin/sh", "-c", "id -u; hostname; pwd; echo $HOME; cat"], user="someone", stdin="a 'b'")
    assert who.out.split("\n") == ["1901", "real", "/", "/home/someone", "a 'b'"]
    assert machine.run(["/usr/bin/env"], env={"A": "b $c"}).out == "A=b $c\n"
    assert abs(float(machine.run(["date", "+%s.%N"]).out) - time.time()) < 3
    machine.write("/root/a/b", b"\0\xff", mode=0o600)
    assert machine.read("/root/a/b") == b"\0\xff"
    assert machine.running("lab-sshd")
    assert not machine.running("sshd")
    with pytest.raises(CommandFailed, match="ended with 3"):
        machine.run(["/bin/sh", "-c", "exit 3"])
    with pytest.raises(LabError, match="still running"):
        # the connection that all commands share gives back what the killed one had only when the command has ended
        machine.run(["sleep", "5"], seconds=0.2)


def test_it_is_on_the_wire_with_the_hosts(lab: Lab, machine: Machine) -> None:
    host = lab.host("one", address="10.31.0.1")
    host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key"])
    host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/host"])
    machine.install_ssh_host_key(host.path("/root/host").read_text())
    machine.write("/root/.ssh/authorized_keys", host.path("/root/key.pub").read_text(), mode=0o600)
    services.start_service(machine, "ssh")
    host.run(["mkdir", "-m", "0700", "/root/.ssh"])
    known = f"{machine.address} {host.path('/root/host.pub').read_text()}"
    host.path("/root/.ssh/known_hosts").write_text(known, encoding="utf-8")
    login = [*SSH, "-o", "ConnectTimeout=20", f"root@{machine.address}", "hostname"]
    assert host.run(login).out == "real\n"
    machine.link_down()
    short = [*SSH, f"root@{machine.address}", "hostname"]
    assert host.run(short, check=False).status == 255
    assert machine.run(["hostname"]).out == "real\n"
    machine.link_up()
    assert host.run(login).out == "real\n"


def test_lvm_takes_classic_and_thin_snapshots(machine: Machine) -> None:
    disk = machine.add_disk(1024)
    shell(machine, f"vgcreate vg {disk}; lvcreate -n data -L 64M vg; mkfs.ext4 -q /dev/vg/data; mkdir /data /moment")
    shell(machine, "mount /dev/vg/data /data; echo first >/data/file; lvcreate -s -n snap -L 8M vg/data")
    shell(machine, "echo second >/data/file; mount -o ro,noload /dev/vg/snap /moment")
    assert shell(machine, "cat /moment/file") == "first"
    shell(machine, "umount /moment; dd if=/dev/urandom of=/data/much bs=1M count=16; sync")
    assert shell(machine, "lvs --noheadings -o lv_snapshot_invalid vg/snap") == "snapshot invalid"
    shell(machine, "lvremove -y vg/snap; lvcreate --type thin-pool -n pool -L 256M vg")
    shell(machine, "lvcreate -V 128M --thinpool pool -n thin vg; mkfs.ext4 -q /dev/vg/thin; mkdir /thin")
    shell(machine, "mount /dev/vg/thin /thin; echo first >/thin/file; lvcreate -s -n thinsnap vg/thin")
    shell(
        machine, "echo second >/thin/file; lvchange -ay -K vg/thinsnap; mount -o ro,noload /dev/vg/thinsnap /moment"
    )
    assert shell(machine, "cat /moment/file") == "first"
    shell(machine, "umount /moment; lvremove -y vg/thinsnap")
    assert "thinsnap" not in shell(machine, "lvs --noheadings -o lv_name vg")


def test_gluster_takes_snapshots_of_a_volume_on_thin_lvm(machine: Machine) -> None:
    disk = machine.add_disk(1024)
    shell(machine, f"vgcreate gv {disk}; lvcreate --type thin-pool -n pool -L 512M gv")
    shell(machine, "lvcreate -V 400M --thinpool pool -n brick gv; mkfs.ext4 -q /dev/gv/brick")
    shell(machine, "mkdir -p /srv/bricks /docker /moment2; mount /dev/gv/brick /srv/bricks")
    filesystems.start_gluster(machine)
    filesystems.make_volume([machine], "docker")
    filesystems.mount_volume(machine, machine, "docker", "/docker")
    gluster = "gluster --mode=script snapshot"
    shell(
        machine, f"echo first >/docker/file; {gluster} create moment docker no-timestamp; echo second >/docker/file"
    )
    shell(machine, f"{gluster} activate moment; mount -t glusterfs real:/snaps/moment/docker /moment2")
    assert shell(machine, "cat /moment2/file") == "first"
    shell(machine, f"umount /moment2; {gluster} deactivate moment; {gluster} delete moment")
    assert shell(machine, f"{gluster} list") == "No snapshots present"


def test_zfs_of_the_kernel_holds_bookmarks_and_resumes(machine: Machine) -> None:
    disk = machine.add_disk(512)
    shell(machine, f"zpool create -m /tank tank {disk}; zfs create -o compression=gzip-7 tank/data")
    shell(
        machine,
        "dd if=/dev/urandom of=/tank/data/file bs=1M count=4; zfs snapshot tank/data@1; zfs hold us tank/data@1",
    )
    assert "busy" in machine.run(["zfs", "destroy", "tank/data@1"], check=False).err
    shell(
        machine,
        "zfs bookmark tank/data@1 tank/data#1; zfs send tank/data@1 | head -c 1M | zfs recv -s tank/copy || :",
    )
    token = shell(machine, "zfs get -Hp -o value receive_resume_token tank/copy")
    assert "toname = tank/data@1" in shell(machine, f"zfs send -nvt {token}")
    shell(machine, f"zfs send -t {token} | zfs recv -s tank/copy; cmp /tank/data/file /tank/copy/file")
    shell(
        machine,
        "zfs release us tank/data@1; zfs destroy tank/data@1; echo more >/tank/data/more; zfs snapshot tank/data@2",
    )
    shell(machine, "zfs send -i tank/data#1 tank/data@2 | zfs recv -F tank/copy; cmp /tank/data/more /tank/copy/more")


def test_a_systemd_timer_fires(machine: Machine) -> None:
    machine.write("/etc/systemd/system/tick.service", "[Service]\nType=oneshot\nExecStart=/bin/touch /run/ticked\n")
    machine.write("/etc/systemd/system/tick.timer", "[Timer]\nOnCalendar=*:*:0/1\nAccuracySec=100ms\n")
    shell(machine, "systemd-analyze verify /etc/systemd/system/tick.timer; systemctl start tick.timer")
    shell(machine, "for i in {1..100}; do [[ -e /run/ticked ]] && exit; sleep 0.1; done; exit 1")
    shell(machine, "systemctl stop tick.timer")


def test_docker_runs_under_systemd_and_comes_back_after_a_power_cut(machine: Machine) -> None:
    containers.start_docker(machine)
    containers.run_counter(machine, "counter", "/srv/data")
    shell(machine, "docker update --restart=always counter; docker pause counter")
    assert containers.state(machine, "counter") == "paused"
    shell(machine, "systemctl enable docker; sync")
    machine.kill()
    with pytest.raises(LabError, match="is off"):
        machine.run(["true"])
    machine.start()
    assert machine.run(["hostname", "-I"]).out.split()[0] == machine.address
    shell(machine, "systemctl start docker")
    stopped = containers.counted(machine, "/srv/data")
    shell(
        machine,
        f"for i in {{1..200}}; do (($(wc -l </srv/data/counter) > {stopped})) && exit; sleep 0.1; done; exit 1",
    )
    # it would count on beside the test of another machine
    machine.kill()


CHILD = """
import sys, time
from pathlib import Path
from generator.lab import Lab
with Lab(Path(sys.argv[1])) as lab:
    lab.machine("victim", address="10.31.0.1")
    print("ready", flush=True)
    time.sleep(1000)
"""


def test_a_killed_lab_takes_its_machine_along(machine_directory: Path, tmp_path: Path) -> None:
    directory = machine_directory / f"{tmp_path.name}-machine"
    before = mounts_and_links()
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(directory)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    assert processes_in(directory)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert waited(lambda: not processes_in(directory))
    assert waited(lambda: not list(directory.iterdir()))
    assert mounts_and_links() == before
    directory.rmdir()


def processes_in(directory: Path) -> list[str]:
    """The processes of this machine, the lab's own aside, whose command lines name ``directory``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if f"{directory}/" in line:
            found.append(line)
    return found
