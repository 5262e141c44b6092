from __future__ import annotations

from typing import Annotated, Any, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from generator.inventory import values
from generator.inventory.language import PathsPart

KINDS = [name for name, kind in vars(values).items() if get_origin(kind) is Annotated]


def read(kind: str, value: Any) -> Any:
    return TypeAdapter(getattr(values, kind)).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("kind", "text", "meaning"),
    [
        ("Duration", "45s", 45),
        ("Duration", "90m", 5400),
        ("Duration", "1d2h", 93600),
        ("Size", "5G", 5 << 30),
        ("Size", "1T", 1 << 40),
        ("Name", "web-1.example.org", "web-1.example.org"),
        ("AbsolutePath", "/var/www/", "/var/www"),
        ("AbsolutePath", "/", "/"),
        ("AbsolutePath", "/a b/$(c)/'", "/a b/$(c)/'"),
        ("StorePath", "/srv/backups", "/srv/backups"),
        ("StorePath", "/backups", "/backups"),
        ("HomePath", "/var/lib/backupoperator", "/var/lib/backupoperator"),
        ("HomePath", "/home/backupoperator", "/home/backupoperator"),
        ("HostName", "Web_1.example.org", "Web_1.example.org"),
        ("MachineId", "9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"),
        ("Address", "2001:0DB8::0001", "2001:db8::1"),
        ("Egress", "10.0.0.0/24", "10.0.0.0/24"),
        ("Cron", "15  1 * *   mon", "15 1 * * mon"),
        ("Zone", "America/New_York", "America/New_York"),
        ("Mail", "root", "root"),
        ("Url", "https://hc.example.org/ping/a-b", "https://hc.example.org/ping/a-b"),
        ("Day", "2026-11-01", "2026-11-01"),
    ],
)
def test_what_a_value_means(kind: str, text: str, meaning: object) -> None:
    assert read(kind, text) == meaning


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            (kind, text)
            for kind in ("StorePath", "HomePath")
            for text in ("/", "/root", "/srv", "/home/", "/usr/local", "/var/lib", "/tmp/x", "/run/x", "relative")
        ),
        *(
            ("Duration", text)
            for text in ("", "90", "m", "0m", "-1h", "1.5h", "90 m", "90M", "99999d", "1h 30m", "٣m", "1m\n")
        ),
        *(("Size", text) for text in ("", "5", "5g", "5GB", "5G5M", "0G", "G", "5G\n")),
        *(("Name", text) for text in ("", "-a", "a-", "A", "a_b", "a..b", "a/b", "é", "a" * 64, "a\n", ".", "a b")),
        *(("Word", text) for text in ("a.b", "a_b", "", "a\n", "~a")),
        *(
            ("AbsolutePath", text)
            for text in ("", "a", "./a", "/a/../b", "/a/./b", "/a//b", "//", "/" + "a" * 256, "~/a")
        ),
        *(("OwnPath", text) for text in ("/", "/a b", "/a%b", "/a,b", "/a\\b", "/é")),
        *(("StorePath", text) for text in ("/", "//", "a")),
        *(("HostName", text) for text in ("", "a@b", "a+b", "-a", "a..b", "a b", "a\n", "a" * 64)),
        *(("MachineId", text) for text in ("", "0" * 32, "a" * 31, "A" * 32, "a" * 32 + "\n", "9f86d081-884c-7d65")),
        *(("Address", text) for text in ("", "10.0.0.256", "1.2.3", "::g::", "10.0.0.1/24", "a@b", "::1%eth0\n")),
        *(("Egress", text) for text in ("", "web", "10.0.0.1/24", "*", "10.0.0.1,10.0.0.2", "!10.0.0.1")),
        *(("Cron", text) for text in ("", "@daily", "0 0 30 2 *", "* * * * * root")),
        *(("Zone", text) for text in ("", "Mars/Base", "../UTC", "/UTC", "utc0", "zones")),
        *(("Account", text) for text in ("root", "", "A", "a b", "a\n", "0a")),
        *(("Mail", text) for text in ("", "a b@c", "a@b\nc", "|sh", "a@b,c@d", "-oX@b")),
        *(("Url", text) for text in ("", "ftp://a", "https://a b", "https://a'b", "https://a\n")),
        *(("Day", text) for text in ("", "2026-13-01", "yesterday")),
    ],
)
def test_refused_with_a_code(kind: str, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(kind, text)
    assert caught.value.errors()[0]["type"].startswith("C02")


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.text(max_size=30) | st.integers() | st.booleans() | st.none() | st.lists(st.text(), max_size=2))
def test_any_value_is_read_or_refused(kind: str, value: object) -> None:
    try:
        read(kind, value)
    except ValidationError:
        return
    assert isinstance(value, str)


@pytest.mark.parametrize(
    "path", ["/tmp", "/tmp/capsule", "/home/x", "/run/capsule", "/dev/shm", "/var/tmp/c", "/var/run/c"]
)
def test_what_is_installed_lies_where_it_lasts(path: str) -> None:
    for key in ("programs", "logs", "state"):
        with pytest.raises(ValidationError, match=r"last|homes"):
            PathsPart.model_validate({key: path})
    assert PathsPart.model_validate({"programs": "/opt/home", "state": "/tmpfiles"}).state == "/tmpfiles"
