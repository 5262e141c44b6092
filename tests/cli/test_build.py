"""``gen build``, ``gen verify``, ``gen keys`` and ``gen why`` on the example fleet."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from generator.keys import FleetSecret, format_secret
from generator.keys.openssh import public_line
from generator.seal import allowed_signers
from tests.cli.fleet import gen, small_fleet, tree


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("fleet")
    result = gen("build", small_fleet(directory), "-o", directory / "output")
    assert result.exit_code == 0, result.output
    assert f"Open first: {directory / 'output/kaizen/review/README.md'} " in result.output
    assert re.search(r"Built kaizen: 6 nodes, [0-9]+ capsules, [0-9]+ sudoers files, ", result.stdout), result.stdout
    return directory


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "copy", copy_function=shutil.copy2)
    return tmp_path / "copy"


def verify(directory: Path, *more: object) -> tuple[int, list[tuple[str, str]]]:
    signers = directory.parent / "trusted"
    if not signers.exists():
        shutil.copy(directory / "output/kaizen/allowed_signers", signers)
    result = gen("verify", directory / "output/kaizen", "--signers", signers, "--format", "json", *more)
    findings = json.loads(result.stdout)["findings"]
    return result.exit_code, [(one["problem"], one["path"]) for one in findings or ()]


def test_a_second_build_elsewhere_is_byte_identical(built: Path, tmp_path: Path) -> None:
    assert gen("build", small_fleet(tmp_path), "-o", tmp_path / "output").exit_code == 0
    assert tree(tmp_path / "output") == tree(built / "output")


def test_an_unrelated_edit_and_a_moved_line_change_no_other_node(built: Path, tmp_path: Path) -> None:
    inventory = small_fleet(tmp_path)
    text = inventory.read_text()
    inventory.write_text("# a line more\n" + text)
    assert gen("build", inventory, "-o", tmp_path / "output").exit_code == 0
    before, after = tree(built / "output/kaizen/nodes"), tree(tmp_path / "output/kaizen/nodes")
    assert before == after


def test_no_file_but_keys_and_puppet_s_data_of_their_node_holds_a_private_key(built: Path) -> None:
    for path, (mode, content) in tree(built / "output/kaizen").items():
        if b"PRIVATE KEY" in content and not path.endswith(".sh"):
            assert "/ssh/" in path or path.startswith("puppet/data/")
            assert mode & 0o777 == 0o600


def test_ssh_keygen_verifies_the_seal(built: Path) -> None:
    directory = built / "output/kaizen"
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", "kaizen", "-n", "capsule-seal"]
    command += ["-s", "manifest.json.sig"]
    manifest = (directory / "manifest.json").read_bytes()
    assert subprocess.run(command, cwd=directory, input=manifest, capture_output=True).returncode == 0


def test_help_names_where_a_build_goes() -> None:
    assert "[default: output]" in gen("build", "--help").output


def test_an_untouched_build_verifies(copy: Path) -> None:
    assert verify(copy) == (0, [])


@pytest.mark.parametrize("problem", ["altered", "missing", "extra", "mode", "type"])
def test_tampering_is_named(copy: Path, problem: str) -> None:
    victim = copy / "output/kaizen/nodes/compute-1/root/opt/capsule/kaizen/bin/backup_nightly"
    expected = "nodes/compute-1/root/opt/capsule/kaizen/bin/backup_nightly"
    verify(copy)
    if problem == "altered":
        victim.write_bytes(victim.read_bytes().replace(b"set -E", b"set +E", 1))
    elif problem == "missing":
        victim.unlink()
    elif problem == "mode":
        victim.chmod(0o777)
    elif problem == "type":
        victim.rename(copy / "moved")
        victim.symlink_to(copy / "moved")
    else:
        expected = "nodes/compute-1/root/opt/capsule/kaizen/bin/backdoor"
        victim.with_name("backdoor").write_bytes(b"")
    assert verify(copy) == (1, [(problem, expected)])


def test_a_changed_manifest_and_a_strange_signer_break_the_seal(copy: Path) -> None:
    verify(copy)
    manifest = copy / "output/kaizen/manifest.json"
    content = manifest.read_bytes()
    manifest.write_bytes(content.replace(b'"0755"', b'"4755"', 1))
    assert verify(copy)[0] == 1
    manifest.write_bytes(content)
    stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFGdA2DaW3vS9Sfn/4rUIw3IHCRZAMIFTExdTmFZXCjd"
    result = gen("verify", copy / "output/kaizen", "--signers", stranger)
    assert result.exit_code == 1
    assert "C0532" in result.stderr


@pytest.mark.parametrize("problem", ["altered", "added", "missing", "type"])
def test_replaced_allowed_signers_are_named(copy: Path, problem: str) -> None:
    verify(copy)
    file = copy / "output/kaizen/allowed_signers"
    own = file.read_bytes()
    stranger = allowed_signers("kaizen", [public_line(bytes(32))])
    match problem:
        case "altered":
            file.write_bytes(stranger)
        case "added":
            file.write_bytes(own + stranger)
            problem = "altered"
        case "missing":
            file.unlink()
        case _:
            file.rename(copy / "moved")
            file.symlink_to(copy / "moved")
    assert verify(copy) == (1, [(problem, "allowed_signers")])


def test_json_says_why_nothing_was_compared(copy: Path) -> None:
    verify(copy)
    (copy / "output/kaizen/manifest.json.sig").unlink()
    result = gen("verify", copy / "output/kaizen", "--signers", copy.parent / "trusted", "--format", "json")
    said = json.loads(result.stdout)
    assert result.exit_code == 2
    assert said["findings"] is None
    assert [one["code"] for one in said["diagnostics"]] == ["C0530"]


def test_one_difference_is_one_difference(copy: Path) -> None:
    verify(copy)
    (copy / "output/kaizen/allowed_signers").unlink()
    assert "1 difference." in gen("verify", copy / "output/kaizen", "--signers", copy.parent / "trusted").stderr


def test_the_signer_beside_the_signature_is_never_taken(copy: Path) -> None:
    assert gen("verify", copy / "output/kaizen").exit_code == 2


@pytest.mark.lab
def test_an_installed_node_is_compared(copy: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(copy / "output/kaizen/nodes/website/root", root)
    manifest = json.loads((copy / "output/kaizen/manifest.json").read_text())
    (root / "etc").mkdir(exist_ok=True)
    gids = {}
    for one in manifest["artifacts"]:
        if one["node"] == "website":
            place = root / one["path"].lstrip("/")
            gid = 0 if one["group"] == "root" else gids.setdefault(one["group"], 7000 + len(gids))
            subprocess.run(["chown", f"0:{gid}", str(place)], check=True)
            place.chmod(int(one["mode"], 8))
    (root / "etc/group").write_text("".join(f"{name}:x:{gid}:\n" for name, gid in gids.items()))
    (root / "opt/capsule/kaizen/ssh").chmod(0o711)
    assert verify(copy, "--root", root, "--node", "website") == (0, [])
    capsule = root / "opt/capsule/kaizen/bin/backup_nightly"
    subprocess.run(["chown", "1:1", str(capsule)], check=True)
    (root / "opt/capsule/kaizen/bin/extra").touch()
    (root / "opt/capsule/kaizen/bin").chmod(0o777)
    assert verify(copy, "--root", root, "--node", "website") == (
        1,
        [
            ("mode", "/opt/capsule/kaizen/bin"),
            ("owner", "/opt/capsule/kaizen/bin/backup_nightly"),
            ("extra", "/opt/capsule/kaizen/bin/extra"),
        ],
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "C0120"), (b"", "C0120"), (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "C0601"), (b"\0" * 200, "C0601")],
)
def test_a_missing_or_foreign_secret_changes_nothing(copy: Path, content: bytes | None, code: str) -> None:
    before = tree(copy / "output")
    secret = copy / "kaizen.secret"
    secret.unlink()
    if content is not None:
        secret.write_bytes(content)
        secret.chmod(0o600)
    result = gen("build", copy / "kaizen.yml", "-o", copy / "output")
    assert result.exit_code == 2
    assert code in result.stderr
    assert tree(copy / "output") == before


def test_another_secret_replaces_a_build_only_on_request(copy: Path) -> None:
    before = tree(copy / "output/kaizen")
    (copy / "kaizen.secret").unlink()
    assert gen("keys", "init", copy / "kaizen.yml").exit_code == 0
    refused = gen("build", copy / "kaizen.yml", "-o", copy / "output")
    assert refused.exit_code == 2
    assert "C0606" in refused.stderr
    assert tree(copy / "output/kaizen") == before
    meant = gen("build", copy / "kaizen.yml", "-o", copy / "output", "--new-secret")
    assert meant.exit_code == 0, meant.output
    assert tree(copy / "output/kaizen") != before


def test_an_output_of_somebody_else_is_left_alone(copy: Path) -> None:
    (copy / "home").mkdir()
    (copy / "home/letter").write_text("dear")
    result = gen("build", copy / "kaizen.yml", "-o", copy / "home")
    assert result.exit_code == 2
    assert "C0510" in result.stderr
    assert [path.name for path in (copy / "home").iterdir()] == ["letter"]


def test_why_names_the_dataset_behind_a_line(built: Path) -> None:
    path = "nodes/compute-1/root/opt/capsule/kaizen/bin/backup_nightly"
    lines = (built / "output/kaizen" / path).read_text().splitlines()
    number = next(count for count, line in enumerate(lines, start=1) if "'nova'" in line)
    file = built / "output/kaizen" / path
    result = gen("why", f"{file}:{number}", "--inventory", built / "kaizen.yml")
    assert result.exit_code == 0
    assert "nodes.compute-1.datasets.nova (kaizen.yml:" in result.stdout


def test_why_helps_with_what_it_cannot_find(built: Path) -> None:
    inventory = ("--inventory", built / "kaizen.yml")
    near = gen("why", "/etc/cron.d/capsule-kaizen", "--node", "compute-11", *inventory)
    assert near.exit_code == 2
    assert "Did you mean compute-1?" in near.stderr
    whole = gen("why", built / "output/kaizen/nodes/compute-1/install.sh", *inventory)
    assert whole.exit_code == 2
    assert "describes the whole node" in whole.stderr
    beyond = gen("why", "/etc/cron.d/capsule-kaizen:999", "--node", "compute-1", *inventory)
    assert (beyond.exit_code, beyond.stdout) == (2, "")
    assert "has no line 999" in beyond.stderr


def test_why_of_a_cron_line_names_the_schedule(built: Path) -> None:
    file = built / "output/kaizen/nodes/services-1/root/etc/cron.d/capsule-kaizen"
    lines = file.read_text().splitlines()
    number = next(count for count, line in enumerate(lines, start=1) if "collect_collection" in line)
    line = f"/etc/cron.d/capsule-kaizen:{number}"
    said = gen("why", line, "--node", "services-1", "--inventory", built / "kaizen.yml")
    assert "plans.collection.schedule" in said.stdout.splitlines()[0]


def test_keys_show_prints_no_private_key(built: Path) -> None:
    result = gen("keys", "show", built / "kaizen.yml")
    assert result.exit_code == 0
    assert "PRIVATE" not in result.output
    assert "seal: {signers:" in result.output


def test_keys_init_never_overwrites(built: Path) -> None:
    before = (built / "kaizen.secret").read_bytes()
    result = gen("keys", "init", built / "kaizen.yml")
    assert (result.exit_code, (built / "kaizen.secret").read_bytes()) == (2, before)
    assert "C0603" in result.stderr


def test_the_line_of_a_new_secret_pins_it(tmp_path: Path) -> None:
    inventory = small_fleet(tmp_path)
    (tmp_path / "kaizen.secret").unlink()
    line = next(line for line in gen("keys", "init", inventory).stdout.splitlines() if line.startswith("seal:"))
    inventory.write_text(f"{inventory.read_text()}\n{line}\n")
    assert line in gen("keys", "show", inventory).stdout.splitlines()
    (tmp_path / "kaizen.secret").write_bytes(format_secret(FleetSecret(b"else" * 8)))
    assert "C0605" in gen("build", inventory, "-o", tmp_path / "output").stderr


def test_a_rotation_accepts_the_new_key_before_it_is_used_and_the_old_one_after(copy: Path) -> None:
    inventory, output = copy / "kaizen.yml", copy / "output/kaizen/nodes"
    text, step = inventory.read_text(), "keys: {}\n"
    seen = []
    for arguments in ((), (), ("--finish",)):
        step = gen("keys", "rotate", inventory, *arguments).stdout
        inventory.write_text(f"{text}\n{step}")
        assert gen("build", inventory, "-o", copy / "output").exit_code == 0
        lines = (output / "website/root/var/lib/backupoperator/.ssh/authorized_keys").read_text().splitlines()
        epochs = sorted({line.rpartition(" ")[2] for line in lines if line.startswith("restrict")})
        private = (output / "services-1/root/opt/capsule/kaizen/ssh/website.send_nightly").read_bytes()
        seen.append((epochs, private))
        if step.count("accept_previous: true"):
            again = gen("keys", "rotate", inventory)
            assert (again.exit_code, again.stdout) == (2, "")
            assert "C0607" in again.stderr
    assert [epochs for epochs, _ in seen] == [["1", "2"], ["1", "2"], ["2"]]
    assert seen[0][1] != seen[1][1] == seen[2][1]


def test_a_stolen_key_is_refused_at_once(tmp_path: Path) -> None:
    inventory = small_fleet(tmp_path)
    name = "compute-1.send_nightly"
    slow, stolen = (gen("keys", "rotate", inventory, "--edge", name, *more) for more in ((), ("--stolen",)))
    assert "accept_next: true" in slow.stdout
    assert f"`gen keys rotate --edge {name}`" in slow.stderr
    assert "accept_next: false\n  accept_previous: false" in stolen.stdout
    assert f'"{name}": 2' in stolen.stdout
    inventory.write_text(f"{inventory.read_text()}\n{slow.stdout}")
    second = gen("keys", "rotate", inventory, "--edge", name).stdout
    assert second == f'keys:\n  epoch: 1\n  accept_next: false\n  accept_previous: true\n  edges:\n    "{name}": 2\n'


def test_what_is_not_going_on_cannot_be_finished(tmp_path: Path) -> None:
    result = gen("keys", "rotate", small_fleet(tmp_path), "--finish")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "C0607" in result.stderr


def test_a_passphrase_needs_a_terminal_or_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAPSULE_PASSPHRASE", raising=False)
    result = gen("keys", "init", "--file", tmp_path / "new.secret", "--passphrase")
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "C0602" in result.stderr


def test_check_and_build_say_once_that_no_escrow_is_recorded(tmp_path: Path) -> None:
    inventory = small_fleet(tmp_path)
    text, removed = re.subn(r"^escrow:\n(  .*\n)+", "", inventory.read_text(), flags=re.MULTILINE)
    assert removed == 1
    inventory.write_text(text)
    assert "C0501" not in gen("keys", "show", inventory).output
    checked = gen("check", inventory)
    assert (checked.exit_code, checked.output.count("C0501")) == (0, 1)
    assert "kaizen: 6 nodes, 3 plans, 1 warning." in checked.output
    assert gen("build", inventory, "-o", tmp_path / "output").output.count("C0501") == 1
