"""A register moves between SQLite and PostgreSQL, a folder and S3, and nothing of it is lost or changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rollbook.app import datadir, migrate, moving, verify, versions
from rollbook.app.datadir import Place
from rollbook.app.register import Register
from rollbook.catalog import copying
from rollbook.model.errors import AlreadyExists, Conflict, InvalidInput
from rollbook.model.permission import Actor
from tests.services.places import facts, fill, log, open_, options


@pytest.fixture
def source(tmp_path: Path) -> Register:
    register = open_(Place(tmp_path / "book"), create=True)
    fill(register)
    return register


def test_from_embedded_to_production_and_back_nothing_changes(source, postgres15, cloud, tmp_path):
    before = facts(source, "local")
    production = Place(tmp_path / "server", postgres15.fresh(), cloud(), allow_http=True)
    moved = migrate.migrate(source, production, options(organisation="school", with_keys=True))
    assert moved.ok
    assert (moved.organisations, moved.versions, moved.journals, moved.keys, moved.keys_left) == (
        ("school",),
        4,
        1,
        1,
        0,
    )
    there = open_(production)
    during = facts(there, "school")
    assert during.pop("audit")[:-1] == before["audit"]
    assert during == {name: fact for name, fact in before.items() if name != "audit"}
    school = replace(there, actor=Actor("user:ana", "school", "owner"))
    assert log(school, "tutor", b"another").version.number == 4

    home = Place(tmp_path / "home")
    back = migrate.migrate(there, home, options(organisation="local"))
    assert back.ok
    assert (back.keys, back.keys_left) == (0, 1)
    after = facts(open_(home), "local")
    without_aliases = [
        [msgspec.structs.replace(one, aliases=()) for one in some["versions"]] for some in (after, before)
    ]
    assert without_aliases[0][1:] == without_aliases[1]
    assert after["moves"] == before["moves"]
    assert after["audit"][: len(before["audit"])] == before["audit"]
    assert (after["rows"], after["instance"]) == (before["rows"], before["instance"])
    for register in (source, there):
        register.catalog.close()
        register.blobs.close()


@pytest.mark.parametrize("version", ["postgres15", "postgres18"])
def test_every_row_is_the_same_in_either_database(source, request, version, tmp_path):
    target = Place(tmp_path / "server", request.getfixturevalue(version).fresh())
    moved = migrate.migrate(source, target, options())
    with source.catalog.read() as one, open_(target).catalog.read() as other:
        assert copying.fingerprint(one) == copying.fingerprint(other)
        assert {name: rows for name, (rows, _) in copying.fingerprint(one).items()} == moved.tables
    assert sum(moved.tables.values()) > 30


def test_a_target_that_holds_something_is_refused(source, postgres15, cloud, tmp_path):
    database, store = postgres15.fresh(), cloud()
    taken = open_(Place(tmp_path / "other", database, store, allow_http=True), create=True)
    log(taken, "other", b"somebody's")
    with pytest.raises(AlreadyExists, match="data directory already"):
        migrate.migrate(source, Place(tmp_path / "other"), options())
    with pytest.raises(AlreadyExists, match="holds a register"):
        migrate.migrate(source, Place(tmp_path / "new1", database), options())
    with pytest.raises(AlreadyExists, match="objects of another register"):
        migrate.migrate(source, Place(tmp_path / "new2", "", store, allow_http=True), options())
    (tmp_path / "new3").mkdir()
    (tmp_path / "new3" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput, match=r"thesis\.txt"):
        migrate.migrate(source, Place(tmp_path / "new3"), options())
    taken.blobs.close()


def test_a_migration_that_was_cut_off_goes_on(source, postgres15, cloud, tmp_path, monkeypatch):
    target = Place(tmp_path / "server", postgres15.fresh(), cloud(), allow_http=True)
    real, sent = copying.copy, []

    def cut_off(*arguments: Any) -> Any:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(copying, "copy", cut_off)
    with pytest.raises(KeyboardInterrupt):
        migrate.migrate(source, target, options(progress=sent.append))
    monkeypatch.setattr(copying, "copy", real)
    assert sent
    assert not (target.root / datadir.MARKER).exists()
    moved = migrate.migrate(source, target, options())
    assert moved.ok
    assert moved.objects == 0
    assert moved.versions == 4


def test_a_migration_notices_that_somebody_wrote_meanwhile(source, tmp_path, monkeypatch):
    real = moving.copy_keys

    def busy(*arguments: Any) -> Any:
        log(source, "tutor", b"late")
        return real(*arguments)

    monkeypatch.setattr(moving, "copy_keys", busy)
    with pytest.raises(Conflict, match="somebody wrote"):
        migrate.migrate(source, Place(tmp_path / "home"), options(with_keys=True))


def test_several_servers_share_a_database_and_a_bucket(postgres15, cloud, tmp_path):
    database, store = postgres15.fresh(), cloud()
    one, two = (open_(Place(tmp_path / name, database, store, allow_http=True), create=True) for name in ("one", "two"))
    log(one, "tutor", b"from one")
    assert log(two, "tutor", b"from two").version.number == 1
    assert not log(one, "tutor", b"from two").created
    for register in (one, two):
        assert [item.number for item in versions.list_versions(register, "math", "tutor").items] == [1, 0]
        assert verify.verify(register, None, "math").ok
    names = {path.suffix for path in (tmp_path / "two" / "cache" / "tables").iterdir()}
    assert names == {".idx"}
    one.blobs.close()
    two.blobs.close()


@pytest.mark.parametrize("elsewhere", ["database", "store"])
def test_a_directory_says_where_its_parts_are(postgres15, cloud, tmp_path, elsewhere):
    url = postgres15.fresh() if elsewhere == "database" else cloud()
    place = Place(tmp_path / "server", allow_http=True, **{elsewhere: url})
    open_(place, create=True).blobs.close()
    with pytest.raises(InvalidInput, match="elsewhere"):
        open_(Place(tmp_path / "server"))
    home = Place(tmp_path / "home")
    open_(home, create=True)
    with pytest.raises(InvalidInput, match="holds its own"):
        open_(Place(tmp_path / "home", allow_http=True, **{elsewhere: url}))
    assert url not in repr(place) or elsewhere == "store"
