"""A node with systemd's timers, where systemd runs: a timer fires, a failure is mailed, and all of it goes again.

Also by dpkg: timers come, change, vanish and go with a package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from compiled import compiled, write

from generator.keys import FleetSecret, Keyring, format_secret
from generator.lab import Lab, Machine
from tests.cli.fleet import gen

pytestmark = pytest.mark.machine

INVENTORY = """\
capsule: 1
fleet: timed
alerts: {mail: lab@example.org}
defaults: {scheduler: systemd, deliveries: [debian, plain]}
nodes:
  real:
    datasets:
      data: {producer: paths, paths: [/srv/data], missing: expected}
plans:
  nightly:
    protects: [real]
    store: {engine: tree, path: /backups}
    schedule: "15 3 * * *"
    expected_duration: 10m
    retention: {days: 2}
    scrub: "0 13 * * 0"
"""
UNIT = "capsule-timed-backup_nightly"


@pytest.fixture(scope="module")
def machine(machine_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    directory = tmp_path_factory.mktemp("timed")
    inventory = directory / "timed.yml"
    inventory.write_text(INVENTORY)
    inventory.with_suffix(".secret").write_bytes(format_secret(FleetSecret(b"test" * 8)))
    inventory.with_suffix(".secret").chmod(0o600)
    built = gen("build", inventory, "-o", directory / "output")
    assert built.exit_code == 0, built.output
    inventory.write_text(INVENTORY.replace('"15 3 * * *"', '"45 4 * * *"').replace('    scrub: "0 13 * * 0"\n', ""))
    write(compiled(inventory, Keyring(FleetSecret(b"test" * 8), "timed")), directory / "next")
    with Lab(machine_directory) as lab:
        machine = lab.machine("real", address="10.31.0.9")
        machine.copy_in(directory / "output/timed/nodes/real", "/root/build")
        machine.copy_in(directory / "next/nodes/real", "/root/next")
        shell(machine, "mkdir -p /srv/data; echo precious >/srv/data/file; chown 1234:1234 /srv/data/file")
        # a device and a set-user-id program are data too
        shell(machine, "mknod /srv/data/device c 1 3; touch /srv/data/program; chmod 4755 /srv/data/program")
        shell(machine, "setfattr -n trusted.mark -v x /srv/data/file; /root/build/install.sh")
        yield machine


def shell(machine: Machine, script: str) -> str:
    return machine.run(["/bin/bash", "-euc", script], seconds=300).out.strip()


def until_mailed(machine: Machine, condition: str) -> None:
    shell(
        machine, f"for n in {{1..120}}; do if {condition}; then exit 0; fi; sleep 1; done; journalctl -n 50; exit 1"
    )


def test_a_timer_fires_and_what_it_starts_keeps_everything(machine: Machine) -> None:
    assert "nothing to do" in shell(machine, "/root/build/install.sh")
    assert shell(machine, f"systemctl is-enabled {UNIT}.timer; systemctl is-active {UNIT}.timer") == "enabled\nactive"
    shell(machine, "date --utc --set '2031-05-06 03:14:58' >/dev/null")
    until_mailed(machine, "[[ -d /backups/2031-05-06 ]] && ! systemctl is-active --quiet capsule-timed-mail*")
    until_mailed(machine, f"[[ $(systemctl show -P SubState {UNIT}.service) == dead ]]")
    assert shell(machine, f"systemctl show -P Result {UNIT}.service") == "success", shell(
        machine, "cat /var/log/capsule/timed/*.log; cat /var/lib/capsule/timed/errors/*"
    )
    kept = "cd /backups/2031-05-06/data/srv/data && stat -c '%n %F %a %u' device file program"
    assert shell(machine, kept) == (
        "device character special file 644 0\nfile regular file 644 1234\nprogram regular empty file 4755 0"
    )
    # the jump of the clock made the check due as well, before there was any backup: that alone is mailed
    until_mailed(machine, "grep --quiet --recursive 'Subject: Capsule <real> check_backups' /var/mail/lab")
    assert "backup_nightly\n" not in shell(machine, "grep --no-filename --recursive Subject: /var/mail/lab") + "\n"


def test_what_a_partial_run_says_is_mailed_once(machine: Machine) -> None:
    shell(machine, "mv /srv/data /srv/away; date --utc --set '2031-05-07 03:14:58' >/dev/null")
    until_mailed(machine, "grep --quiet --recursive /srv/data /var/mail/lab")
    mail = shell(machine, "cat /var/mail/lab/*")
    assert "To: lab@example.org\nSubject: Capsule <real> backup_nightly\n" in mail
    assert "It ended with exit status 10 (exit-code)" in mail
    shell(machine, "mv /srv/away /srv/data")


def test_a_run_that_never_began_is_mailed_too(machine: Machine) -> None:
    shell(machine, "rm -f /var/mail/lab/*; chmod 0 /opt/capsule/timed/bin/backup_nightly")
    machine.run(["systemctl", "start", f"{UNIT}.service"], check=False)
    until_mailed(machine, "grep --quiet --recursive 'exit status 203' /var/mail/lab")
    assert "placed" not in shell(machine, "chmod 0755 /opt/capsule/timed/bin/backup_nightly; /root/build/install.sh")


def test_every_run_succeeds_in_its_sandbox(machine: Machine) -> None:
    shell(machine, f"rm -f /var/mail/lab/*; systemctl start {UNIT}.service")
    shell(machine, "systemctl start capsule-timed-scrub_nightly.service capsule-timed-check_backups.service")
    assert "BACKUPS OK" in shell(machine, "/opt/capsule/timed/bin/check_backups")


def test_a_stopped_timer_is_started_again_and_all_of_it_goes(machine: Machine) -> None:
    shell(machine, f"systemctl disable --quiet --now {UNIT}.timer")
    assert f"started {UNIT}.timer\n" in machine.run(["/root/build/install.sh"]).out
    shell(machine, "/root/build/remove.sh")
    assert shell(machine, "systemctl list-units --all --plain --no-legend 'capsule-timed-*.timer'") == ""
    assert shell(machine, "find /etc/systemd/system -name 'capsule-*'") == ""
    assert shell(machine, "ls /backups") != ""


# every timer with whether it is enabled and active and when it is next due, then what of this deployment failed or
# waits to be read again
TIMERS = """
cd /etc/systemd/system
for timer in capsule-timed-*.timer; do
  next=$(systemctl show -P NextElapseUSecRealtime $timer)
  echo $timer $(systemctl is-enabled $timer) $(systemctl is-active $timer) ${next:15:5}
done
systemctl list-units --all --plain --no-legend --state=failed,not-found 'capsule-timed-*'
for unit in capsule-timed-*; do
  [[ $(systemctl show -P NeedDaemonReload ${unit/@./@x.}) == no ]] || echo stale $unit
done
"""


def test_timers_come_change_vanish_and_go_with_a_package(machine: Machine) -> None:
    check, backup, scrub = (
        f"capsule-timed-{name}.timer enabled active {when}"
        for name, when in (("check_backups", r"\d\d:\d\d"), ("backup_nightly", "03:15"), ("scrub_nightly", "13:00"))
    )
    first = shell(machine, f"dpkg --install /root/build/*.deb >/dev/null; {TIMERS}")
    assert re.fullmatch("\n".join([backup, check, scrub]), first), first
    second = shell(machine, f"dpkg --install /root/next/*.deb >/dev/null 2>&1; {TIMERS}")
    assert re.fullmatch("\n".join([backup.replace("03:15", "04:45"), check]), second), second
    gone = "find /etc/systemd/system -name 'capsule-*'; systemctl list-units --all --plain --no-legend 'capsule-*'"
    assert shell(machine, f"dpkg --remove capsule-timed-real >/dev/null; {gone}") == ""
    assert shell(machine, f"dpkg --purge capsule-timed-real >/dev/null; {gone}; ls -d /backups") == "/backups"
