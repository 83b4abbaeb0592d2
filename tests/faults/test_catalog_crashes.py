"""kill -9 and power cuts in the middle of what the catalog does.

All of it happened or none of it, and what was acknowledged stays.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect

from rollbook.catalog import Catalog, aliases, audit, collections, commits, memberships, notes, projects
from rollbook.catalog.audit import AuditValues
from rollbook.catalog.dialect import connect_engine, database_url, use_write_ahead_log, writing
from rollbook.catalog.migrations import HEAD
from rollbook.catalog.migrations.upgrade import upgrade
from rollbook.catalog.rows import Act
from rollbook.catalog.schema import metadata
from rollbook.catalog.versions import VersionValues
from rollbook.model.digest import Digest

pytestmark = pytest.mark.faults
ACT = Act(actor="user:ana", at=1)


def killed_at(statement: int, work: Callable[[], None]) -> bool:
    """Run `work` in a process that is killed before its n-th statement; False if it ends before that."""
    child = os.fork()
    if child == 0:
        seen = 0

        def note(*_arguments: object) -> None:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", note)
        event.listen(Engine, "commit", note)
        with suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def content(name: str) -> VersionValues:
    digest = Digest.sha256(name.encode())
    blob = Digest("blake3", digest.hex)
    facts = {"manifest_digest": digest, "manifest_blob": blob, "metadata": "{}", "schemas": "{}", "seal": b""}
    return VersionValues(id=name, digest=digest, type="model", data_class="internal", size=1, file_count=1, **facts)


def place(connection):
    organisation = projects.ensure_organisation(connection, "local", id="o", at=1)
    project = projects.ensure_project(connection, organisation, "math", id="p", key_domain="", at=1)
    return organisation, collections.ensure(connection, project, "m", type="model", id="c", act=ACT)


def log(connection, name: str) -> int:
    """The whole verb: version, number, aliases, tag and audit entry."""
    organisation, collection = place(connection)
    done = commits.commit_version(connection, collection, content(name), ACT)
    aliases.move(connection, collection, "champion", done.membership.number, ACT)
    notes.tag(connection, done.membership.version, "fresh", ACT)
    values = {"at": 1, "actor": "a", "action": "log", "resource": name, "details": {}}
    audit.append(connection, organisation.key, AuditValues(project=collection.project, **values))
    return done.membership.number


def state(path: Path) -> tuple[int, int, int | None, int]:
    """How many versions, audit entries and tags there are, and where `champion` is."""
    with Catalog.open(path) as catalog:
        assert catalog.health().damage == ()
        with catalog.write() as connection:
            organisation, collection = place(connection)
            assert list(audit.check(connection, organisation)) == []
            following = memberships.next_number(connection, collection) or 0
            keys = [memberships.get(connection, collection, number).version.key for number in range(following)]
            champion = aliases.current(connection, collection, "champion")
            entries = audit.list_page(connection, organisation, limit=1).items
            last = entries[0].sequence + 1 if entries else 0
            return following, last, champion and champion.number, len(notes.tags(connection, keys))


def test_a_verb_killed_before_any_statement_happened_whole_or_not_at_all(tmp_path):
    path = tmp_path / "catalog.db"
    with Catalog.open(path, create=True) as catalog, catalog.write() as connection:
        log(connection, "first")

    def verb() -> None:
        with Catalog.open(path) as catalog, catalog.write() as connection:
            log(connection, "second")

    kills = 0
    while killed_at(kills + 1, verb):
        kills += 1
        assert state(path) == (1, 1, 0, 1)
    assert kills > 20
    assert state(path) == (2, 2, 1, 2)


def test_making_a_catalog_survives_a_kill_before_any_statement(tmp_path):
    path = tmp_path / "catalog.db"
    kills = 0
    while killed_at(kills + 1, lambda: Catalog.open(path, create=True).close()):
        kills += 1
        sound = tmp_path / "sound"
        sound.mkdir(exist_ok=True)
        for file in tmp_path.glob("catalog.db*"):
            (sound / file.name).write_bytes(file.read_bytes())
        with Catalog.open(sound / "catalog.db", create=True) as catalog:
            assert catalog.health().revision == HEAD
        for file in (*sound.iterdir(), *tmp_path.glob("catalog.db*")):
            file.unlink()
    assert kills > 2 * len(metadata.tables)
    assert state(path) == (0, 0, None, 0)


def test_a_migration_killed_at_any_statement_never_happened_and_runs_again(tmp_path):
    path = tmp_path / "catalog.db"

    def migrate() -> None:
        engine = connect_engine(database_url(path), read_only=False)
        use_write_ahead_log(engine)
        with writing(engine).begin() as connection:
            upgrade(connection, None)
        engine.dispose()

    kills = 0
    while killed_at(kills + 1, migrate):
        kills += 1
        engine = connect_engine(database_url(path), read_only=False)
        assert inspect(engine).get_table_names() == []
        engine.dispose()
    assert kills > len(metadata.tables)
    assert set(inspect(connect_engine(database_url(path), read_only=True)).get_table_names()) == set(metadata.tables)


def log_for_ever(path: Path, acknowledge: int, prefix: str) -> None:
    """Log one version after another, and write its number to a pipe once it is committed."""
    with Catalog.open(path) as catalog:
        for turn in count():
            with catalog.write() as connection:
                number = log(connection, f"{prefix}-{turn}")
            os.write(acknowledge, f"{number}\n".encode())


def writer_of(path: Path, prefix: str) -> tuple[int, int]:
    """Start a process that logs for ever; its id, and where to read what it acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            log_for_ever(path, writer, prefix)
        os._exit(1)
    os.close(writer)
    return child, reader


@pytest.mark.parametrize("kills", [10, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_what_was_acknowledged_survives_kills_at_any_moment(tmp_path, kills):
    path = tmp_path / "catalog.db"
    Catalog.open(path, create=True).close()
    acknowledged = 0
    for turn in range(kills):
        child, reader = writer_of(path, str(turn))
        with os.fdopen(reader) as pipe:
            seen = [pipe.readline() for _ in range(1 + turn % 4)]
            time.sleep(turn * 7919 % 100 / 10_000)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            acknowledged = int([*seen, *pipe][-1]) + 1
        versions, entries, champion, tags = state(path)
        assert versions in (acknowledged, acknowledged + 1)
        assert (entries, champion, tags) == (versions, versions - 1, versions)
    assert acknowledged > kills


def tool(*command: object) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.strip()


def can_mount() -> bool:
    return os.geteuid() == 0 and all(shutil.which(name) for name in ("losetup", "mkfs.ext4", "mount", "umount"))


@contextmanager
def mounted(image: Path, point: Path) -> Iterator[Path]:
    point.mkdir(exist_ok=True)
    with ExitStack() as undo:
        device = tool("losetup", "-f", "--show", image)
        undo.callback(tool, "losetup", "-d", device)
        tool("mount", device, point)
        undo.callback(tool, "umount", point)
        yield point


@pytest.mark.skipif(not can_mount(), reason="mounting a disk image needs root, losetup and mkfs.ext4")
@pytest.mark.parametrize("cuts", [8, pytest.param(300, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_what_was_acknowledged_survives_power_cuts(tmp_path, cuts):
    image, after = tmp_path / "image", tmp_path / "after.image"
    with image.open("wb") as file:
        file.truncate(96 * 2**20)
    tool("mkfs.ext4", "-q", "-F", image)
    with mounted(image, tmp_path / "disk") as disk, ExitStack() as undo:
        Catalog.open(disk / "catalog.db", create=True).close()
        child, reader = writer_of(disk / "catalog.db", "content")
        undo.callback(os.waitpid, child, 0)
        undo.callback(os.kill, child, signal.SIGKILL)
        pipe = undo.enter_context(os.fdopen(reader, "rb"))
        os.set_blocking(reader, False)
        acknowledged = 0
        for turn in range(cuts):
            time.sleep(0.05 + turn * 7919 % 100 / 1000)
            os.kill(child, signal.SIGSTOP)
            acknowledged = int(((pipe.read() or b"").splitlines() or [b"%d" % (acknowledged - 1)])[-1]) + 1
            tool("cp", "--sparse=always", image, after)
            os.kill(child, signal.SIGCONT)
            with mounted(after, tmp_path / "after") as survivor:
                versions, entries, champion, tags = state(survivor / "catalog.db")
            assert versions in (acknowledged, acknowledged + 1)
            assert (entries, champion, tags) == (versions, versions - 1 if versions else None, versions)
        assert acknowledged > cuts
