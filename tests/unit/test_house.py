"""House rules that no linter knows: pinned error kinds, numbered decisions, light imports, pins without addresses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rollbook.model import errors

# Append only. Clients and scripts branch on kinds and exit codes: none is ever renamed, re-used or taken away.
KINDS = {
    "already_exists": 5,
    "conflict": 5,
    "corrupt_data": 7,
    "error": 1,
    "final_opened": 5,
    "forbidden": 3,
    "gate_refused": 6,
    "internal_error": 9,
    "invalid_input": 2,
    "invalid_name": 2,
    "invalid_reference": 2,
    "invalid_table": 2,
    "join_mismatch": 2,
    "missing_bytes": 2,
    "missing_extra": 2,
    "not_found": 4,
    "source_changed": 2,
    "source_unreadable": 2,
    "storage_full": 8,
    "too_large": 2,
    "too_many_requests": 8,
    "unauthenticated": 3,
    "unavailable": 8,
    "unlike_protocols": 2,
    "unsupported_format": 7,
}
HEAVY = {
    *(
        "alembic",
        "blake3",
        "httpx2",
        "narwhals",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "pyfastcdc",
        "rich",
        "scipy",
        "sklearn",
    ),
    *("sqlalchemy", "torch", "zstandard"),
}


def tree(kind: type[errors.RollbookError]) -> list[type[errors.RollbookError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in tree(below))]


def test_error_kinds_are_append_only() -> None:
    found = {error.kind: error.exit_code for error in tree(errors.RollbookError) if error.__module__ == errors.__name__}
    assert found == KINDS


def test_each_error_has_a_kind_of_its_own_and_says_what_to_do() -> None:
    classes = [error for error in tree(errors.RollbookError) if error.__module__ == errors.__name__]
    assert len({error.kind for error in classes}) == len(classes)
    assert all(error.__doc__ for error in classes)


def test_the_hint_is_shown_under_the_message() -> None:
    assert str(errors.NotFound("no version 'x:v9'", hint="rollbook ls x")) == "no version 'x:v9'\n  hint: rollbook ls x"
    assert str(errors.NotFound("no version 'x:v9'")) == "no version 'x:v9'"


@pytest.mark.parametrize("module", ["rollbook", "rollbook.model.errors", "rollbook.cli.main"])
def test_importing_stays_light(module: str) -> None:
    program = f"import sys, {module}; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


def test_decisions_are_numbered_without_gaps_and_listed(root: Path) -> None:
    folder = root / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in records] == list(range(len(records)))
    listing = (folder / "README.md").read_text(encoding="utf-8")
    assert [name for name in records[1:] if f"({name})" not in listing] == []


def test_decisions_say_what_was_rejected_and_what_it_costs(root: Path) -> None:
    for record in sorted((root / "docs" / "decisions").glob("[0-9]*.md"))[1:]:
        headings = re.findall(r"^#+ .*$", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert re.match(rf"# 0*{int(record.name[:4])}[.:] ", headings[0]), record.name
        for part in ("context", "decision", "rejected", "consequences"):
            assert any(part in heading.lower() for heading in headings[1:]), f"{record.name} has no part {part!r}"


def test_pins_carry_hashes_and_no_address(root: Path) -> None:
    files = sorted((root / "requirements").glob("*.txt"))
    assert [file.stem for file in files] == ["bootstrap", "demo", "lint", "test"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        requirements = re.split(r"\n(?=\S)", text.strip())
        assert all("==" in entry and "--hash=sha256:" in entry for entry in requirements), file.name


def test_every_recipe_runs_on_the_same_versions(root: Path) -> None:
    pins = {
        file.stem: set(re.findall(r"^[^\s#]+==[^\s;]+", file.read_text(encoding="utf-8"), re.MULTILINE))
        for file in (root / "requirements").glob("*.txt")
    }
    assert pins["demo"] < pins["test"] < pins["lint"]


def test_every_recipe_is_explained(root: Path) -> None:
    script = (root / "run").read_text(encoding="utf-8")
    recipes = set(re.findall(r"^    ([a-z]+)(?: \| \S+)*\) run_", script, re.MULTILINE))
    assert {"demo", "test", "lint", "bench", "rollbook"} <= recipes
    assert recipes | {"help"} == set(re.findall(r"^# ([a-z]+) ", script.partition("\nset ")[0], re.MULTILINE))
    contributing = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in sorted(recipes) if f"./run {name}" not in contributing] == []
