"""`backup`, `restore` and `migrate` on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rollbook = Callable[..., Any]


@pytest.fixture
def rollbook(tmp_path: Path) -> Rollbook:
    def run(*words: object, code: int = 0) -> Any:
        command = [sys.executable, "-m", "rollbook.cli", *map(str, words), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout or done.stderr)

    run("init", "book")
    (tmp_path / "model.bin").write_bytes(bytes(range(256)) * 100)
    run("log", "model.bin", "--name", "tutor", "--type", "model", "--data-dir", "book", "--project", "math")
    return run


def test_a_backup_is_restored(rollbook, tmp_path):
    taken = rollbook("backup", "--to", "backup", "--data-dir", "book")
    assert taken["backup"]["sent"] > 0
    restored = rollbook("restore", "--from", "backup", "--to", "again")
    assert restored["ok"]
    assert restored["moved"]["versions"] == 1
    shown = rollbook("show", "tutor:v0", "--data-dir", "again", "--project", "math")
    assert shown["version"]["number"] == 0
    assert rollbook("verify", "--data-dir", "again")["ok"]
    refused = rollbook("restore", "--from", "backup", "--to", "again", code=5)
    assert refused["error"]["kind"] == "already_exists"


def test_a_register_moves_to_production_and_is_used_there(rollbook, postgres15, tmp_path, monkeypatch):
    database = postgres15.fresh()
    moved = rollbook("migrate", "--to", "server", "--to-database", database, "--data-dir", "book")
    assert moved["ok"]
    refused = rollbook("ls", "--data-dir", "server", code=2)
    assert "ROLLBOOK_DATABASE" in refused["error"]["hint"]
    monkeypatch.setenv("ROLLBOOK_DATABASE", database)
    listed = rollbook("ls", "--data-dir", "server", "--project", "math")
    assert [item["name"] for item in listed["collections"]] == ["tutor"]
    assert rollbook("migrate", "--to", "home", "--data-dir", "server")["ok"]
    monkeypatch.delenv("ROLLBOOK_DATABASE")
    assert rollbook("verify", "--data-dir", "home")["verification"]["versions"] == 1


def test_a_server_is_asked_for_nothing_of_this(rollbook):
    refused = rollbook("backup", "--to", "backup", "--server", "https://rollbook.example.org", code=2)
    assert "--data-dir" in refused["error"]["hint"]
