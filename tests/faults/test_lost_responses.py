"""Answers that are lost on their way: whatever is sent again is done once, and told as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rollbook
from rollbook.app import datadir
from rollbook.catalog import audit, projects
from tests.services.lossy import losing
from tests.services.people import add_organisation
from tests.services.server import RollbookServer, running

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollbookServer]:
    with running(tmp_path_factory.mktemp("lost") / "served") as started:
        yield started


def story(folder: Path) -> list[Any]:
    """Every act of the SDK, and what it says was done."""
    (folder / "m.json").write_text("1")
    told: list[Any] = []
    with rollbook.init(project="math", name="first", config={"lr": 0.1}, save_code=False) as run:
        for step in range(5):
            run.log({"loss": 1 / (step + 1)})
        run.config.epochs = 3
        for content in ("1", "2"):
            (folder / "m.json").write_text(content)
            made = run.log_artifact(folder / "m.json", "m", "model", aliases=["fresh"], tags=["tried"])
            told.append((made.name, made.created))
        again = run.log_artifact(folder / "m.json", "m", "model")
        told.append((again.name, again.created))
    with rollbook.init(project="math", name="second", save_code=False) as user:
        used = user.use_artifact("m:v0")
    used.describe("one").tag("kept", remove=["tried"]).annotate(seen=True)
    api = rollbook.Api(project="math")
    acts = (
        lambda: api.promote("m:v0", reason="first"),
        lambda: api.promote("m:v1", reason="better"),
        lambda: api.rollback("m", reason="worse"),
        lambda: api.alias("m:v1", "fresh"),
        lambda: api.unalias("m", "fresh"),
    )
    moves = [act() for act in acts]
    told += [(move.action, move.from_number, move.to_number) for move in moves]
    return told


def known() -> dict[str, Any]:
    """What the register has afterwards, without ids and times."""
    api = rollbook.Api(project="math")
    versions = api.artifacts("m")
    return {
        "runs": [(run.name, run.state, run.config, run.summary) for run in api.runs()],
        "rows": [row["loss"] for row in api.history(api.runs()[-1].id)],
        "versions": [(found.name, found.tags, found.description, found.digest) for found in versions],
        "statements": [len(found.provenance()) for found in versions],
        "notes": [[(note["kind"], note["value"]) for note in found.notes()] for found in versions],
        "moves": [(m.alias, m.action, m.from_number, m.to_number) for m in api.alias_history("m", "")],
        "edges": [
            len([edge for edge in api.lineage("m:v0").edges if edge.role == role]) for role in ("used", "produced")
        ],
    }


def audited(server: RollbookServer, organisation: str) -> list[str]:
    register = datadir.open_directory(server.data_dir, user="user:owner", clock=lambda: 0, random=bytes)
    with register.catalog as catalog, catalog.read() as connection:
        row = projects.get_organisation(connection, organisation)
        return [entry.action for entry in audit.list_page(connection, row, limit=1000).items][::-1]


def test_what_is_sent_again_is_done_once(
    server: RollbookServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, Any, Any]] = []
    for organisation, lose in (("whole", lambda _number: False), ("lossy", lambda number: number % 2 == 0)):
        key = add_organisation(server.data_dir, organisation, "ana")
        monkeypatch.setenv("ROLLBOOK_API_KEY", key)
        monkeypatch.setenv("ROLLBOOK_ENTITY", organisation)
        with losing(server.port, lose) as proxy:
            monkeypatch.setenv("ROLLBOOK_SERVER", proxy.address)
            told = story(tmp_path)
        monkeypatch.setenv("ROLLBOOK_SERVER", server.address)
        seen.append((told, known(), audited(server, organisation)))
    assert proxy.lost > 10
    whole, lossy = seen
    assert lossy[0] == whole[0]
    assert lossy[1] == whole[1]
    assert sorted(lossy[2]) == sorted(whole[2])
