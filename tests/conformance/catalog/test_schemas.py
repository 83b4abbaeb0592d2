"""Migrating and creating make the same schema in every database."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from rollbook.catalog import Catalog
from rollbook.catalog.declared import metadata
from rollbook.catalog.dialect import connect_engine, database_url, writing
from rollbook.catalog.migrations import HEAD
from rollbook.catalog.migrations.upgrade import upgrade
from rollbook.model.errors import InvalidInput, Unavailable


def described(engine: Engine) -> dict[str, Any]:
    """Tables with their columns, keys and indexes, in an order that does not depend on how they were made."""
    inspector = inspect(engine)

    def table(name):
        columns = [
            (c["name"], str(c["type"]), getattr(c["type"], "collation", None), c["nullable"])
            for c in inspector.get_columns(name)
        ]
        uniques = sorted((u["name"], u["column_names"]) for u in inspector.get_unique_constraints(name))
        foreign = sorted((f["name"], f["constrained_columns"]) for f in inspector.get_foreign_keys(name))
        indexes = sorted(
            (i["name"], i["column_names"], i["unique"], str(i.get("dialect_options", {}).get("postgresql_where")))
            for i in inspector.get_indexes(name)
        )
        return columns, inspector.get_pk_constraint(name), uniques, foreign, indexes

    return {name: table(name) for name in inspector.get_table_names() if name in metadata.tables}


@pytest.mark.parametrize("version", ["postgres15", "postgres18"])
def test_migrating_and_creating_make_the_same_schema(request, version):
    server = request.getfixturevalue(version)
    migrated, created = server.fresh(), server.fresh()
    engine = connect_engine(database_url(migrated), read_only=False)
    with writing(engine).begin() as connection:
        assert upgrade(connection, None) == HEAD
    Catalog.open(created, create=True).close()
    other = connect_engine(database_url(created), read_only=False)
    assert described(engine) == described(other)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    other.dispose()


def test_what_is_acknowledged_is_synced_whatever_the_server_says(postgres15):
    url = postgres15.fresh()
    weak = f"{url}%20-csynchronous_commit%3Doff"
    with Catalog.open(weak, create=True) as catalog, catalog.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "30s"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
    with Catalog.open(weak) as catalog, catalog.read() as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"


def test_a_connection_that_died_is_replaced_without_a_word(postgres15):
    with Catalog.open(postgres15.fresh(), create=True) as catalog:
        with catalog.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        postgres15.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rollbook'")
        with catalog.read() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_a_connection_that_dies_in_a_transaction_is_unavailable(postgres15):
    with Catalog.open(postgres15.fresh(), create=True) as catalog:
        with pytest.raises(Unavailable), catalog.write() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        with catalog.write() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_a_server_that_is_not_there_is_unavailable():
    with pytest.raises(Unavailable, match="away"):
        Catalog.open("postgresql://rollbook:secret@127.0.0.1:1/none")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "oracle://x", "my base://x"])
def test_another_database_is_refused(url):
    with pytest.raises(InvalidInput):
        Catalog.open(url)
