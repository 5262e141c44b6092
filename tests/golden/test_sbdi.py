"""The fleet with a director, with a fixed test secret, compared with what is kept here; see test_kaizen.py."""

from __future__ import annotations

from pathlib import Path

from tests.cli.fleet import SBDI, example_fleet, gen
from tests.golden.examples import Example

GOLDEN = Example(
    golden=Path(__file__).parent / "sbdi",
    deployment="uat-sbdi",
    nodes=("backup-director", "backup-target", "cassandra-1", "remote-backup"),  # one of each role
    # one of each capsule: the first source's, what Gluster makes of it on the manager, the director's and the stores'
    capsules=(
        "cassandra-1/*",
        "manager-1/prepare_whole",
        "manager-1/restore_point_wordpress_from_whole",
        "backup-director/*",
        "backup-target/[!s]*",
        "backup-target/scrub_whole",
        "backup-target/send_replica_offsite",
        "backup-target/send_stored_whole_cassandra-1",
        "remote-backup/[!s]*",
        "remote-backup/scrub_offsite",
        "remote-backup/send_stored_offsite_cassandra-1",
    ),
)


def test_the_example_with_a_director_is_rendered_as_reviewed(tmp_path: Path) -> None:
    result = gen("build", example_fleet(SBDI, tmp_path), "-o", tmp_path / "output")
    assert result.exit_code == 0, result.output
    GOLDEN.compare(tmp_path / "output")


def test_what_is_kept_is_clean_under_every_analysis() -> None:
    GOLDEN.analyse(least=25)
