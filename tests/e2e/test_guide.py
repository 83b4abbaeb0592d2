"""The guide's blocks are the example files, and they run from an empty folder, and again unchanged."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

import rollbook
from rollbook.cli.main import execute

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "guide"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEPS = ("0_generate.py", "1_log_data.py", "2_train.py", "3_evaluate.py", "4_promote.py", "5_retrain.py")
NAMED = {
    "student_data:v0",
    "student_data:v1",
    "student_data_cleaned:v1",
    "student_roster:v0",
    "math_tutor_model_lr:v1",
    "math_tutor_model_rf:v1",
    "math_tutor_model_gb:v1",
    "math_tutor_model_gb:v2",
}


def _blocks(language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall((ROOT / "docs" / "guide.md").read_text()) if kind == language]


def _run(folder: Path, script: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    # Where bytecode is not kept, every script would compile scikit-learn anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=folder, env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, f"{script.name}: {done.stdout}\n{done.stderr}"
    return done.stdout


def _api(folder: Path) -> rollbook.Api:
    return rollbook.Api(None if "ROLLBOOK_SERVER" in os.environ else folder / "rollbook-data", "math")


def _versions(folder: Path) -> dict[str, str]:
    api = _api(folder)
    collections = [known.name for known in api.collections()]
    return {version.name: str(version.digest) for name in collections for version in api.artifacts(name)}


def test_every_python_block_is_its_file() -> None:
    shown = {}
    for block in _blocks("python"):
        name, _, body = block.partition("\n")
        shown[name.removeprefix("# ")] = body
    assert shown == {path.name: path.read_text() for path in EXAMPLES.glob("*.py")}


@pytest.mark.timeout(900)
def test_the_guide_from_an_empty_folder_and_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    subtests: pytest.Subtests,
    transport: str,
) -> None:
    for step in STEPS:
        _run(tmp_path, EXAMPLES / step)
    versions = _versions(tmp_path)
    with subtests.test("it makes what it names"):
        assert set(versions) >= NAMED
    for step in STEPS:
        _run(tmp_path, EXAMPLES / step)
    with subtests.test("again unchanged makes the same versions"):
        assert _versions(tmp_path) == versions
    with subtests.test("the bad retrain was rolled back"):
        api = _api(tmp_path)
        assert api.artifact("math_tutor_model_gb:champion").name == "math_tutor_model_gb:v1"
        assert [move.action for move in api.alias_history("math_tutor_model_gb")][-2:] == ["promote", "rollback"]
    monkeypatch.chdir(tmp_path)
    commands = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("rollbook ")]
    assert len(commands) >= 9
    for command in commands:
        with subtests.test(command):
            assert execute(shlex.split(command)[1:]) == 0
            assert capsys.readouterr().out.strip()


@pytest.mark.timeout(300)
def test_the_knowledge_tracing_example_runs(tmp_path: Path) -> None:
    said = _run(tmp_path, ROOT / "examples" / "bkt_per_skill.py")
    assert re.search(r"^all skills +tracing_bkt:v0 +AUC 0\.\d+ \(", said, re.MULTILINE)
