"""What documents say must be so: links, commands, capsules, diagnostics, paths and checks that they name exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from generator.cli import main
from generator.cli.check import check
from generator.deliveries.plain import SUMMARIES
from generator.diagnostics import catalog
from generator.inventory import load
from generator.lowering import lower
from generator.plan import FleetPlan
from generator.verify.shellcheck import EXCLUDED

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))
VERBS = ["acknowledge", "backup", "check", "collect", "list", "preview", "restore", "scrub", "send"]
# Names that stand for any: these hold examples of other fleets, and import.md names variables of Ansible.
EXAMPLES = {"inventory.md", "diagnostics.md", "import.md"}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def kaizen() -> FleetPlan:
    plan = check(ROOT / "inventory/kaizen.yml").plan
    assert plan is not None
    return plan


@pytest.fixture(scope="module")
def sbdi() -> FleetPlan:
    fleet = load(ROOT / "inventory/sbdi.yml").fleet
    assert fleet is not None
    return lower(fleet)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = page.parent / file if file else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_their_options_exist(page: Path) -> None:
    named = re.findall(r"(?:`|\$ |=\"\$\()gen ((?:[^`\n|]|\\\|)+)", page.read_text("utf-8"))
    for words in (command.split() for command in named):
        names = [word for word in words if re.fullmatch(r"[a-z]+|-?-[a-z-]+", word)]
        if not words or not re.fullmatch(r"[a-z]+", words[0]):
            continue
        command = found_command(names)
        options = {option for parameter in command.params for option in parameter.opts}
        for word in names:
            if word.startswith("-"):
                assert word in options | {"--help"}, f"gen {' '.join(words)}: {word}"


def found_command(names: list[str]) -> click.Command:
    context = click.Context(main)
    command: click.Command | None = main
    for name in names:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(context, name)
        assert command is not None, f"there is no gen {' '.join(names)}"
    assert command is not None
    return command


def test_the_page_of_the_command_line_has_every_command_and_option() -> None:
    text = (ROOT / "docs/cli.md").read_text("utf-8")
    for path, command in leaves(main, "gen"):
        (line,) = [one for one in text.splitlines() if one.startswith(f"| `{path}")]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert any(option in line for option in parameter.opts), f"{path}: {parameter.opts}"


def leaves(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in EXAMPLES], ids=name_of)
def test_capsules_that_are_named_exist(page: Path, kaizen: FleetPlan, sbdi: FleetPlan) -> None:
    existing = {path.rpartition("/")[2] for node in kaizen.nodes for path in paths(kaizen, node.name)}
    # the tutorial's fleet is the starter inventory, whose datasets have other names
    existing |= {"restore_latest_etc", "restore_etc_from_collection"}
    existing |= {path.rpartition("/")[2] for node in sbdi.nodes for path in paths(sbdi, node.name)}
    patterns = [re.compile(re.sub(r"(?<=_)[a-z0-9-]+(?=_|$)", "[a-z0-9.-]+", name)) for name in existing]
    for name in set(re.findall(rf"`((?:{'|'.join(VERBS)})_[a-z0-9_.<>-]+)`", page.read_text("utf-8"))):
        plain = re.sub(r"<[a-z]+>", "x", name)
        assert any(pattern.fullmatch(plain) for pattern in patterns), name


def test_diagnostics_that_are_named_exist() -> None:
    for page in PAGES:
        for code in set(re.findall(r"\bC0\d{3}\b", page.read_text("utf-8"))):
            assert code in catalog(), f"{name_of(page)}: {code}"


def test_the_readmes_node_is_a_real_one(kaizen: FleetPlan) -> None:
    (tree,) = re.findall(r"^```\n(nodes/(\S+)/\n.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    text, node = tree
    built = paths(kaizen, node)
    shown = set(re.findall(r"^  root(/\S+[^/\s])\s", text, re.M))
    directory = ""
    for line in text.splitlines()[1:]:
        if found := re.match(r"  root(/\S+)/(?:\s|$)", line):
            directory = found[1]
        elif line.startswith("    "):
            shown |= {
                f"{directory}/{name}" for name in re.split(r"\s{2,}", line.strip()) if re.fullmatch(r"\w\S+", name)
            }
    assert len(shown) >= 10
    assert shown <= built, shown - built
    assert re.search(r"^  install\.sh  remove\.sh ", text, re.M)
    assert re.search(r"^  preview\.sh  preview-removal\.sh ", text, re.M)
    assert set(SUMMARIES) == {"install.sh", "remove.sh", "preview.sh", "preview-removal.sh"}


def paths(plan: FleetPlan, name: str) -> set[str]:
    """Every file of a node but its manifest, which is made when the build is sealed."""
    (node,) = [one for one in plan.nodes if one.name == name]
    return {artifact.path for artifact in node.artifacts}


def test_the_checks_that_shellcheck_leaves_out_are_said_with_their_reason() -> None:
    text = (ROOT / "docs/capsules.md").read_text("utf-8")
    assert set(re.findall(r"^\| (SC\d+) \| \S", text, re.M)) == set(EXCLUDED)


def test_event_codes_and_metrics_that_are_named_exist() -> None:
    templates = "".join(path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.j2"))
    for page in PAGES:
        text = page.read_text("utf-8")
        for event in set(re.findall(r"\b(?:info|notice|warning|error) ([A-Z]+-[A-Z-]+) ", text)):
            assert event in templates, f"{name_of(page)}: {event}"
    metrics = set(re.findall(r"`(capsule_[a-z_]+)`", (ROOT / "docs/capsules.md").read_text("utf-8")))
    assert metrics == set(re.findall(r"metric (capsule_[a-z_]+)", templates))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_the_repository_that_are_named_exist(page: Path) -> None:
    top = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    for path in re.findall(rf"`((?:{top})/[\w./-]+)`", page.read_text("utf-8")):
        if not path.startswith("output/") and "etcd" not in path:
            assert (ROOT / path).exists(), path


def test_the_architecture_has_every_package() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    packages = {path.parent.name for path in (ROOT / "generator").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `generator\.([a-z]+)`", text, re.M)) == packages


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(page), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
