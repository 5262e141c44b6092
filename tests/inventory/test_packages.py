from __future__ import annotations

import pytest

from generator.inventory.packages import INSTALLERS, package_commands, package_names, package_of_commands
from generator.inventory.tools import TOOLS


@pytest.mark.parametrize("family", TOOLS)
def test_every_tool_comes_with_a_package_of_the_family_at_the_path_that_is_sealed(family: str) -> None:
    commands = package_commands(family)
    # mail may come from any of several packages: Debian's policy fixes the path, not the package
    for name, path in TOOLS[family].items() - {("sendmail", "/usr/sbin/sendmail")}:
        assert commands[package_of_commands(family)[name]][name] == path
    assert family in INSTALLERS


def test_red_hats_names() -> None:
    wanted = ("cron", "openssh-client", "mariadb-client", "attr", "acl", "util-linux", "bsdutils", "mawk", "passwd")
    assert package_names(wanted, "redhat") == (
        "acl",
        "attr",
        "cronie",
        "gawk",
        "mariadb",
        "openssh-clients",
        "shadow-utils",
        "util-linux",
    )
    assert package_names(wanted, "debian") == tuple(sorted(wanted))


def test_one_package_may_bring_what_two_bring_elsewhere() -> None:
    assert package_of_commands("redhat")["logger"] == package_of_commands("redhat")["flock"] == "util-linux"
    assert package_commands("redhat")["cronie"] == {"cron": "/usr/sbin/crond"}


def test_an_unknown_package_keeps_its_name() -> None:
    assert package_names(("no-such-package",), "redhat") == ("no-such-package",)
