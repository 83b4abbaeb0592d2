"""What a run tells of itself: the code can be found again, and secrets stay at home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rollbook.model.canonical import encode, to_json
from rollbook.sdk import capture

PROGRAM = """
import json, sys
from pathlib import Path
from rollbook.sdk import capture
found = capture.code(Path.cwd())
print(json.dumps({"code": found.code.to_json(), "files": {k: v.decode("latin-1") for k, v in found.files.items()}}))
"""
CLEAN = {"HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "train.py").write_text(PROGRAM)
    (made / "helper.py").write_text("x = 1\n")
    return made


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "init.defaultBranch=main"]
    environment = {**os.environ, **CLEAN}
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def captured(folder: Path, *arguments: str, path: str | None = None, **environment: str) -> dict[str, Any]:
    source = Path(capture.__file__).parents[2]
    given = {"PYTHONPATH": str(source), "PATH": os.environ["PATH"] if path is None else path, **CLEAN, **environment}
    command = [sys.executable, "train.py", *arguments]
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_clean_commit_is_enough(repository: Path) -> None:
    found = captured(repository)
    assert found["code"] == {"commit": git(repository, "rev-parse", "HEAD").strip(), "entry": "train.py"}
    assert found["files"] == {}


def test_the_difference_of_a_dirty_tree_is_kept_and_can_be_applied(repository: Path, tmp_path: Path) -> None:
    (repository / "helper.py").write_text("x = 2\n")
    (repository / "weights.bin").write_bytes(bytes(range(256)))
    git(repository, "add", "weights.bin")
    found = captured(repository)
    assert found["code"]["dirty"] is True
    assert found["code"]["diff"].startswith("sha256:")
    assert list(found["files"]) == ["difference.patch"]
    again = tmp_path / "again"
    git(tmp_path, "clone", "-q", str(repository), str(again))
    (tmp_path / "p.patch").write_bytes(found["files"]["difference.patch"].encode("latin-1"))
    git(again, "apply", str(tmp_path / "p.patch"))
    assert (again / "helper.py").read_text() == "x = 2\n"
    assert (again / "weights.bin").read_bytes() == bytes(range(256))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("color.ui", "always"),
        ("color.diff", "always"),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.external", "/bin/true"),
        ("diff.text.textconv", "rev"),
        ("diff.submodule", "log"),
    ],
)
def test_a_persons_git_settings_do_not_change_the_patch(repository: Path, key: str, value: str) -> None:
    (repository / ".gitattributes").write_text("*.py diff=text\n")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "-q", "-m", "attributes")
    (repository / "helper.py").write_text("x = 2\n")
    plain = captured(repository)
    git(repository, "config", key, value)
    assert captured(repository) == plain


def test_from_a_folder_below_the_whole_difference_is_seen(repository: Path) -> None:
    (repository / "helper.py").write_text("x = 2\n")
    below = repository / "below"
    below.mkdir()
    found = capture.code(below)
    assert b"helper.py" in found.files["difference.patch"]


def test_a_script_that_no_commit_holds_is_kept_itself(repository: Path) -> None:
    git(repository, "rm", "-q", "--cached", "train.py")
    git(repository, "commit", "-q", "-m", "without")
    found = captured(repository)
    assert found["files"] == {"train.py": PROGRAM}
    assert found["code"]["commit"]


@pytest.mark.parametrize("state", ["no repository", "no commit yet", "no git"])
def test_without_a_commit_the_script_is_the_code(folder: Path, state: str) -> None:
    if state == "no commit yet":
        git(folder, "init", "-q")
    found = captured(folder, path="/nonexistent" if state == "no git" else None)
    assert found["code"] == {"entry": "train.py"}
    assert found["files"] == {"train.py": PROGRAM}


def test_what_git_cannot_tell_is_not_called_clean(repository: Path, tmp_path: Path) -> None:
    """A git that answers for the commit and fails for the difference (too slow, out of memory)."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nfor a in "$@"; do [ "$a" = diff ] && exit 128; done\nexec {real} "$@"\n')
    fake.chmod(0o755)
    found = captured(repository, path=f"{fake.parent}:{os.environ['PATH']}")
    assert found["code"]["dirty"] is True
    assert "diff" not in found["code"]


def test_a_huge_difference_is_named_by_its_digest_only(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "helper.py").write_text("x = 2\n" * 100)
    monkeypatch.setattr(capture, "MAX_DIFF", 100)
    found = capture.code(repository)
    assert "difference.patch" not in found.files
    assert found.code.diff is not None


def test_the_remote_is_kept_without_its_password(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://ana:CANARY@host/school/repo.git")
    found = captured(repository)
    assert found["code"]["remote"] == "https://[redacted]@host/school/repo.git"


def test_arguments_reach_the_statement_redacted(folder: Path) -> None:
    found = captured(folder, "--api-key=CANARY", "--lr", "0.1", "--password", "CANARY", "https://u:CANARY@h/x")
    assert found["code"]["arguments"] == [
        *("--api-key=[redacted]", "--lr", "0.1", "--password", "[redacted]", "https://[redacted]@h/x")
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-key=CANARY"],
        ["--api_key", "CANARY"],
        ["--apikey=CANARY"],
        ["--token=CANARY"],
        ["--hf-token", "CANARY"],
        ["--hf_token=CANARY"],
        ["--auth=CANARY"],
        ["--secret=CANARY"],
        ["--db.password=CANARY"],
        ["-passwd", "CANARY"],
        ["--passphrase=CANARY"],
        ["--credentials=CANARY"],
        ["AWS_SECRET_ACCESS_KEY=CANARY"],
        ["AWS_ACCESS_KEY_ID=CANARY"],
        ["wandb.api_key=CANARY"],
        ["+model.hub_token=CANARY"],
        ["https://ana:CANARY@host/x"],
        ["HTTPS://ana:CANARY@host/x"],
        ["https://ana:p@ss:CANARY@host/x"],
        ["postgresql://ana:CANARY@db/x"],
        ["--url=https://CANARY@host/"],
        ["https://host/x?token=CANARY"],
        ["https://host/x?a=1&X-Amz-Signature=CANARY&b=2"],
        ["https://host/x?sig=CANARY"],
        ["--source", "s3://u:CANARY@b/k"],
    ],
    ids=lambda arguments: arguments[0][:30],
)
def test_secrets_do_not_leave_the_command_line(arguments: list[str]) -> None:
    kept = capture.redact_arguments(arguments)
    assert "CANARY" not in " ".join(kept)
    assert capture.REDACTED in " ".join(kept)
    assert len(kept) == len(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--lr=0.1", "--epochs", "3"],
        ["--tokenizer=bert", "--max-tokens", "512"],
        ["--author=Ana", "--authors", "Ana"],
        ["--passes=3"],
        ["data@2026.csv", "user@host"],
        ["https://host/path@v2", "https://host/x?page=2"],
        ["git@github.com:school/repo.git"],
        ["--verbose", "--token-count", "3"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_parameters_stay_readable(arguments: list[str]) -> None:
    assert capture.redact_arguments(arguments) == arguments


def test_an_option_after_a_secret_flag_is_not_taken_for_its_value() -> None:
    assert capture.redact_arguments(["--token", "--lr", "0.1"]) == ["--token", "--lr", "0.1"]


def test_bytes_that_are_not_utf8_can_still_be_written() -> None:
    raw = os.fsdecode(b"caf\xe9.csv")
    kept = capture.redact_arguments([raw, f"--x={raw}", f"{raw}-token=x"])
    encode(to_json(kept, "arguments"))


def test_environment_is_plain_json_and_names_what_is_installed() -> None:
    found = capture.environment()
    assert to_json(found, "environment") == found
    assert found["python"] == sys.version.split()[0]
    packages = found["packages"]
    assert isinstance(packages, dict)
    assert {"msgspec", "blake3"} <= set(packages)
    assert list(packages) == sorted(packages, key=str.lower)
    assert isinstance(found["memory_bytes"], int)
