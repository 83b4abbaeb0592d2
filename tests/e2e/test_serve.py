"""`rollbook serve` as a process of its own: it starts, it is alone, it stops without losing what it began."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.services.server import RollbookServer, running

HERE = "/api/v1/session"


def attempt(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Try to start a server that should refuse to."""
    command = [sys.executable, "-m", "rollbook.cli", "serve", "--json", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_says_where_it_listens_and_ends_well(serve: RollbookServer) -> None:
    assert serve.address == f"http://127.0.0.1:{serve.port}"
    assert httpx2.get(serve.address).status_code == 200
    assert serve.stop() == 0
    assert serve.errors.read_text() == ""


def test_a_second_server_of_a_data_directory_refuses(serve: RollbookServer) -> None:
    refused = attempt(serve.data_dir, "--port", "0")
    error = json.loads(refused.stderr)["error"]
    assert (refused.returncode, refused.stdout, error["kind"]) == (8, "", "unavailable")
    assert str(serve.process.pid) in error["message"]
    serve.kill()
    with running(serve.data_dir) as successor:
        assert httpx2.get(successor.address).status_code == 200
