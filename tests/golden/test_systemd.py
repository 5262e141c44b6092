"""One node of the example fleet with systemd's timers: its units and what mails for them, as reviewed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.fleet import gen, small_fleet
from tests.golden.examples import Example

TIMED = Example(
    golden=Path(__file__).parent / "systemd",
    deployment="kaizen",
    nodes=("website",),
    capsules=("website/mail_backup_nightly",),
)


def test_a_node_with_timers_is_rendered_as_reviewed(tmp_path: Path) -> None:
    inventory = small_fleet(tmp_path)
    text = inventory.read_text()
    assert text.count("\n  website:") == 1
    before, entry, after = text.partition("\n  website:")
    line, newline, rest = after.partition("\n")
    inventory.write_text(f"{before}{entry}{line}{newline}    scheduler: systemd\n{rest}")
    result = gen("build", inventory, "-o", tmp_path / "output")
    assert result.exit_code == 0, result.output
    TIMED.compare(tmp_path / "output")
    review = (tmp_path / "output/kaizen/review/nodes/website.md").read_text()
    assert (
        "| 15 0 \\* \\* \\* | root | /opt/capsule/kaizen/bin/backup\\_nightly | kaizen@lists.massopen.cloud |"
        in review
    )


def test_what_is_kept_is_clean_under_every_analysis() -> None:
    TIMED.analyse(least=1)
