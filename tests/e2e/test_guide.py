"""The guide's blocks are the example files, and they run from an empty folder, and again unchanged."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("sklearn")

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "guide"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEPS = ("0_generate.py", "1_log_data.py", "2_train.py", "3_evaluate.py", "4_promote.py", "5_retrain.py")


class Done(NamedTuple):
    folder: Path
    versions: dict[str, str]
    again: dict[str, str]


def _blocks(language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall((ROOT / "docs" / "guide.md").read_text()) if kind == language]


def _run(folder: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOOK_")}
    environment["PYTHONPATH"] = str(ROOT / "src")
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def _versions(folder: Path) -> dict[str, str]:
    import rollbook

    api = rollbook.Api(folder / "rollbook-data", "math")
    collections = [str(known["name"]) for known in api.collections()]
    return {version.name: str(version.digest) for name in collections for version in api.artifacts(name)}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("guide")
    found: list[dict[str, str]] = []
    for _ in range(2):
        for step in STEPS:
            _run(folder, str(EXAMPLES / step))
        found.append(_versions(folder))
    return Done(folder, *found)


def test_every_python_block_is_its_file() -> None:
    shown = {}
    for block in _blocks("python"):
        name, _, body = block.partition("\n")
        shown[name.removeprefix("# ")] = body
    assert shown == {path.name: path.read_text() for path in EXAMPLES.glob("*.py")}


@pytest.mark.timeout(600)
def test_the_guide_makes_what_it_names(done: Done) -> None:
    named = {
        "student_data:v0",
        "student_data:v1",
        "student_data_cleaned:v1",
        "student_roster:v0",
        "math_tutor_model_lr:v1",
        "math_tutor_model_rf:v1",
        "math_tutor_model_gb:v1",
        "math_tutor_model_gb:v2",
    }
    assert named <= set(done.versions)


@pytest.mark.timeout(600)
def test_again_unchanged_makes_the_same_versions(done: Done) -> None:
    assert done.again == done.versions


@pytest.mark.timeout(600)
def test_its_commands_work(done: Done) -> None:
    lines = [line for block in _blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("rollbook ")]
    assert len(commands) >= 9
    for command in commands:
        assert _run(done.folder, "-m", "rollbook.cli", *command).strip()


@pytest.mark.timeout(600)
def test_the_champion_was_rolled_back(done: Done) -> None:
    import rollbook

    api = rollbook.Api(done.folder / "rollbook-data", "math")
    assert api.artifact("math_tutor_model_gb:champion").name == "math_tutor_model_gb:v1"
    assert [move.action for move in api.alias_history("math_tutor_model_gb")][-2:] == ["promote", "rollback"]


@pytest.mark.timeout(600)
def test_the_knowledge_tracing_example_runs(tmp_path: Path) -> None:
    said = _run(tmp_path, str(ROOT / "examples" / "bkt_per_skill.py"))
    assert re.search(r"^all skills +tracing_bkt:v0 +AUC 0\.\d+ \(", said, re.MULTILINE)
