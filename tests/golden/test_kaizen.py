"""The example fleet with a fixed test secret, compared with what is kept here.

`CAPSULE_UPDATE_GOLDEN=1 pytest tests/golden` writes the files anew; the diff is then part of the review.
"""

from __future__ import annotations

from pathlib import Path

from tests.cli.fleet import gen, small_fleet
from tests.golden.examples import Example

KAIZEN = Example(
    golden=Path(__file__).parent / "kaizen",
    deployment="kaizen",
    nodes=("controller-1", "services-1", "website"),  # one of each role
    # one of each capsule: the generic node's, and what only the others have
    capsules=(
        "website/*",
        "controller-1/backup_nightly",
        "controller-1/preview_nightly",
        "controller-1/restore_mysql",
        "controller-1/restore_point_nova-conf_from_collection",
        "services-1/collect_collection",
        "services-1/preview_collection",
        "services-1/scrub_collection",
        "services-1/send_collection_compute-1",
    ),
)


def test_the_example_fleet_is_rendered_as_reviewed(tmp_path: Path) -> None:
    result = gen("build", small_fleet(tmp_path), "-o", tmp_path / "output")
    assert result.exit_code == 0, result.output
    KAIZEN.compare(tmp_path / "output")


def test_what_is_kept_is_clean_under_every_analysis() -> None:
    KAIZEN.analyse(least=21)
