from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import exc

from rollbook.catalog import Catalog, dialect, projects
from rollbook.catalog.migrations import HEAD
from rollbook.model.errors import (
    Conflict,
    CorruptData,
    InternalError,
    NotFound,
    StorageFull,
    Unavailable,
    UnsupportedFormat,
)


def add(connection, name):
    return projects.ensure_organisation(connection, name, id=f"id-{name}", at=1)


def names(catalog):
    with catalog.read() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT name FROM organisations ORDER BY name")]


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)],
)
def test_every_connection_is_durable_and_checked(catalog, pragma, value):
    for transaction in (catalog.read, catalog.write):
        with transaction() as connection:
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_the_file_is_private(catalog, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("catalog.db*")} == {0o600}


def test_what_was_committed_is_there_after_reopening(catalog, path):
    with catalog.write() as connection:
        add(connection, "local")
    with Catalog.open(path) as again:
        assert names(again) == ["local"]


def add_and_fail(catalog):
    with catalog.write() as connection:
        add(connection, "local")
        raise ZeroDivisionError


def test_a_transaction_that_raises_changes_nothing(catalog):
    with pytest.raises(ZeroDivisionError):
        add_and_fail(catalog)
    assert names(catalog) == []


def test_a_reader_sees_one_moment(catalog):
    with catalog.read() as connection:
        count = "SELECT count(*) FROM organisations"
        assert connection.exec_driver_sql(count).scalar_one() == 0
        with catalog.write() as writer:
            add(writer, "local")
        assert connection.exec_driver_sql(count).scalar_one() == 0
    assert names(catalog) == ["local"]


def test_threads_may_share_a_catalog(catalog):
    def work(number):
        for turn in range(10):
            with catalog.write() as connection:
                add(connection, f"{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(catalog)) == 40


def test_a_forked_process_gets_connections_of_its_own(catalog):
    assert names(catalog) == []
    child = os.fork()
    if child == 0:
        try:
            with catalog.write() as connection:
                add(connection, "child")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with catalog.write() as connection:
        add(connection, "parent")
    assert names(catalog) == ["child", "parent"]


def test_a_missing_catalog_is_not_made_by_accident(path):
    with pytest.raises(NotFound, match="no catalog at"):
        Catalog.open(path)
    with pytest.raises(NotFound):
        Catalog.open(path, create=True, read_only=True)
    assert not path.exists()


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(NotFound, match="create its directory"):
        Catalog.open(tmp_path / "no" / "catalog.db", create=True)


def test_an_empty_file_is_no_catalog_unless_one_may_be_made(path):
    path.touch()
    with pytest.raises(NotFound, match="no tables"):
        Catalog.open(path)
    with Catalog.open(path, create=True) as catalog:
        assert names(catalog) == []


def test_a_file_that_is_no_database_is_refused_and_left_alone(path):
    path.write_bytes(b"these are no pages" * 1000)
    with pytest.raises(CorruptData, match="damaged"):
        Catalog.open(path, create=True)
    assert path.read_bytes() == b"these are no pages" * 1000


def test_a_newer_schema_is_refused(catalog, path):
    with catalog.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for read_only in (False, True):
        with pytest.raises(UnsupportedFormat, match="'9999'"):
            Catalog.open(path, read_only=read_only)


def test_reading_only_never_writes(catalog, path):
    with catalog.write() as connection:
        add(connection, "local")
    with Catalog.open(path, read_only=True) as reader:
        assert reader.read_only
        assert names(reader) == ["local"]
        with pytest.raises(StorageFull, match="reading only"), reader.write():
            pass
        with pytest.raises(StorageFull), reader.read() as connection:
            add(connection, "sneaked in")


def test_a_name_with_characters_of_a_url_is_opened_for_reading(tmp_path):
    path = tmp_path / "a b?c=d#e%20&mode=rwc.db"
    Catalog.open(path, create=True).close()
    with Catalog.open(path, read_only=True) as reader:
        assert names(reader) == []
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".db"] == [path.name]


def test_a_writer_waits_and_then_says_that_the_catalog_is_busy(catalog, path, monkeypatch):
    monkeypatch.setattr(dialect, "BUSY_SECONDS", 0)
    with Catalog.open(path) as other, catalog.write() as connection:
        add(connection, "first")
        with pytest.raises(Unavailable, match="busy"), other.write():
            pass
        assert names(other) == []
    assert names(catalog) == ["first"]


def test_more_transactions_than_connections_are_refused_in_the_end(catalog, monkeypatch):
    monkeypatch.setattr(catalog._engine.pool, "_timeout", 0.01)
    with pytest.raises(Unavailable, match="too many transactions"):
        nest(catalog, 100)


def nest(catalog, depth):
    if depth:
        with catalog.read():
            nest(catalog, depth - 1)


def test_a_broken_constraint_is_one_of_our_errors(catalog):
    insert = "INSERT INTO projects (organisation, id, name, key_domain, created_at) VALUES (?, 'i', 'n', '', 1)"
    with pytest.raises(InternalError, match="does not exist"), catalog.write() as connection:
        connection.exec_driver_sql(insert, (77,))
    with catalog.write() as connection:
        key = add(connection, "local").key
        connection.exec_driver_sql(insert, (key,))
        with pytest.raises(Conflict, match="written twice"):
            connection.exec_driver_sql(insert, (key,))


def test_a_mistake_in_a_query_stays_what_it_is(catalog):
    with pytest.raises(exc.OperationalError), catalog.read() as connection:
        connection.exec_driver_sql("SELECT no_such_column FROM organisations")


def test_health_tells_what_is_behind_the_catalog(catalog):
    with catalog.write() as connection:
        add(connection, "local")
    health = catalog.health()
    assert (health.database, health.revision, health.damage) == ("sqlite", HEAD, ())
    assert health.fixed == dialect.sqlite_is_fixed()
    assert health.log_bytes > 0


def test_health_finds_dangling_references(catalog, path):
    raw = dialect.sqlite_module().connect(str(path))
    raw.execute("INSERT INTO projects VALUES (1, 99, 'i', 'n', '', 1)")
    raw.commit()
    raw.close()
    assert catalog.health().damage == ("dangling reference in projects, row 1",)


def test_opening_a_catalog_that_is_up_to_date_does_not_import_alembic(catalog, path):
    source = Path(dialect.__file__).parents[2]
    program = (
        "import sys; from rollbook.catalog import Catalog; "
        f"Catalog.open({str(path)!r}).close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(source)})
    assert done.returncode == 0


class TestWithAnUnfixedSQLite:
    @pytest.fixture(autouse=True)
    def unfixed(self, monkeypatch):
        monkeypatch.setattr(dialect, "_pysqlite3", None)
        monkeypatch.setattr(dialect, "_FIXED_SQLITE", (99, 0, 0))

    def test_doctor_can_tell(self, catalog):
        assert catalog.health().fixed is False

    def test_nothing_checkpoints_by_itself(self, catalog):
        with catalog.write() as connection:
            assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one() == 0

    def test_a_long_log_is_shortened_under_the_lock(self, catalog, path, monkeypatch):
        monkeypatch.setattr(dialect, "WAL_CHECKPOINT_BYTES", 100_000)
        for number in range(60):
            with catalog.write() as connection:
                add(connection, f"organisation-{number}")
        assert dialect.log_bytes(path) < 100_000
        assert (path.parent / "catalog.db-checkpoint").exists()
        assert len(names(catalog)) == 60
        assert catalog.health().damage == ()
