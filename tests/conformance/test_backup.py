"""Backups: taken while others write, restored elsewhere, refused where they are not whole."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from rollbook.app import backup, versions
from rollbook.app.datadir import Place
from rollbook.app.register import Register
from rollbook.model.errors import AlreadyExists, CorruptData, InvalidInput, NotFound, UnsupportedFormat
from tests.services.crowd import writing
from tests.services.places import facts, fill, log, open_, options


def take(register: Register, folder: Path, *, with_keys: bool = False):
    return backup.backup(register, folder, with_keys=with_keys, progress=lambda _: None)


@pytest.fixture
def source(tmp_path: Path) -> Register:
    register = open_(Place(tmp_path / "book"), create=True)
    fill(register)
    return register


def test_a_backup_restores_to_what_it_was(source, tmp_path):
    before, folder = facts(source, "local"), tmp_path / "backup"
    taken = take(source, folder)
    assert (taken.journals, taken.keys) == (1, 0)
    log(source, "tutor", b"after the backup")
    restored = backup.restore(folder, Place(tmp_path / "again"), options())
    assert restored.ok
    assert (restored.versions, restored.keys, restored.keys_left) == (4, 0, 0)
    assert facts(open_(Place(tmp_path / "again")), "local") == before


def test_a_backup_of_production_restores_to_a_folder_and_to_production(postgres15, cloud, tmp_path):
    place = Place(tmp_path / "server", postgres15.fresh(), cloud(), allow_http=True)
    register = open_(place, create=True)
    fill(register)
    before = facts(register, "local")
    take(register, tmp_path / "backup")
    for target in (
        Place(tmp_path / "folder"),
        Place(tmp_path / "other", postgres15.fresh(), cloud(), allow_http=True),
    ):
        assert backup.restore(tmp_path / "backup", target, options()).ok
        restored = open_(target)
        assert facts(restored, "local") == before
        restored.catalog.close()
        restored.blobs.close()
    register.blobs.close()


def test_the_next_backup_sends_only_what_is_new(source, tmp_path):
    first = take(source, tmp_path / "backup")
    assert first.sent >= 2
    log(source, "tutor", b"one more")
    second = take(source, tmp_path / "backup")
    assert 0 < second.sent_bytes < first.sent_bytes / 100
    assert len(list((tmp_path / "backup").glob("catalog-*"))) == 1
    assert backup.restore(tmp_path / "backup", Place(tmp_path / "again"), options()).versions == 5


def test_keys_are_in_a_backup_only_where_they_were_asked_for(source, tmp_path):
    secret = next((source.root / "keys").iterdir()).read_bytes()
    take(source, tmp_path / "without")
    assert [path for path in (tmp_path / "without").rglob("*") if path.is_file() and secret in path.read_bytes()] == []
    taken = take(source, tmp_path / "with", with_keys=True)
    held = [path for path in (tmp_path / "with").rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert [path.parent.name for path in held] == ["keys"]
    assert taken.keys == 1
    moved = backup.restore(tmp_path / "with", Place(tmp_path / "again"), options(with_keys=True))
    assert (moved.keys, moved.keys_left) == (1, 0)
    assert next((tmp_path / "again" / "keys").iterdir()).read_bytes() == secret


def test_what_is_written_is_private(source, tmp_path):
    take(source, tmp_path / "backup", with_keys=True)
    for path in (tmp_path / "backup").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) in ((0o700,) if path.is_dir() else (0o600, 0o400)), path


def damaged_catalog(folder: Path) -> None:
    path = next(folder.glob("catalog-*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def without(pattern: str):
    def remove(folder: Path) -> None:
        for path in folder.glob(pattern):
            path.unlink()

    return remove


def cut_pack(folder: Path) -> None:
    path = next(folder.glob("blobs/packs/*/*.pack"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1])


def newer(folder: Path) -> None:
    path = folder / "backup.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (without("catalog-*"), CorruptData),
        (damaged_catalog, CorruptData),
        (without("objects-*"), CorruptData),
        (without("blobs/packs/*/*.pack"), CorruptData),
        (without("blobs/packs/*/*.idx"), CorruptData),
        (cut_pack, CorruptData),
        (without("runs/*/*"), CorruptData),
        (without("backup.json"), NotFound),
        (newer, UnsupportedFormat),
        (lambda folder: (folder / "backup.json").write_text("{"), CorruptData),
        (lambda folder: (folder / "backup.json").write_text('{"format":1}'), CorruptData),
    ],
)
def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(source, tmp_path, change, error):
    folder = tmp_path / "backup"
    take(source, folder)
    change(folder)
    with pytest.raises(error):
        backup.restore(folder, Place(tmp_path / "again"), options())
    assert not (tmp_path / "again").exists()


def test_a_flipped_bit_in_a_pack_is_found_by_the_restore(source, tmp_path):
    take(source, tmp_path / "backup")
    path = max((tmp_path / "backup").glob("blobs/packs/*/*.pack"), key=lambda pack: pack.stat().st_size)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    restored = backup.restore(tmp_path / "backup", Place(tmp_path / "again"), options())
    assert not restored.ok
    assert "tutor" in {fault.what.split(":")[0].rpartition("/")[2] for fault in restored.faults}


def test_a_target_that_holds_something_is_refused(source, tmp_path, postgres15):
    take(source, tmp_path / "backup")
    with pytest.raises(AlreadyExists):
        backup.restore(tmp_path / "backup", Place(source.root), options())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(InvalidInput):
        backup.restore(tmp_path / "backup", Place(tmp_path / "mine"), options())
    database = postgres15.fresh()
    log(open_(Place(tmp_path / "other", database), create=True), "x", b"x")
    with pytest.raises(AlreadyExists):
        backup.restore(tmp_path / "backup", Place(tmp_path / "new", database), options())


def test_a_folder_of_somebody_else_takes_no_backup(source, tmp_path):
    other = open_(Place(tmp_path / "other"), create=True)
    take(other, tmp_path / "backup")
    with pytest.raises(AlreadyExists, match="backup of register"):
        take(source, tmp_path / "backup")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(AlreadyExists, match=r"thesis\.txt"):
        take(source, tmp_path / "mine")


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_the_drill(kind, request, tmp_path):
    """Back up while four processes write; restore elsewhere; what was acknowledged before it began is all there."""
    place = Place(tmp_path / "book")
    if kind == "production":
        bucket, postgres = request.getfixturevalue("cloud"), request.getfixturevalue("postgres15")
        place = Place(tmp_path / "book", postgres.fresh(), bucket(), allow_http=True)
    register = open_(place, create=True)
    log(register, "first", b"so that there is a project")
    with writing(place, 4) as acknowledged:
        before = {next(acknowledged) for _ in range(12)}
        take(register, tmp_path / "backup")
        assert next(acknowledged)
    shutil.rmtree(tmp_path / "book")  # nothing but the backup is left
    restored = backup.restore(tmp_path / "backup", Place(tmp_path / "again"), options())
    assert restored.ok
    again = open_(Place(tmp_path / "again"))
    there = {
        (name, item.number, str(item.digest))
        for name in {name for name, _, _ in before}
        for item in versions.list_versions(again, "math", name).items
    }
    assert before <= there
    register.catalog.close()
    register.blobs.close()
