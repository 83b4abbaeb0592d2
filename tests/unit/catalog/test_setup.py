from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from rollbook.catalog import Catalog, people_schema, setup, space_schema
from rollbook.catalog.declared import metadata
from rollbook.catalog.dialect import connect_engine, database_url, writing
from rollbook.catalog.migrations import HEAD, REVISIONS
from rollbook.catalog.migrations.upgrade import scripts, upgrade
from rollbook.model.errors import UnsupportedFormat


def described(engine: Engine) -> dict[str, Any]:
    """Tables with their columns, keys and indexes, in an order that does not depend on how they were made."""
    inspector = inspect(engine)

    def table(name):
        columns = [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)]
        uniques = sorted((u["name"], u["column_names"]) for u in inspector.get_unique_constraints(name))
        foreign = sorted(
            (f["name"], f["constrained_columns"], f["referred_table"]) for f in inspector.get_foreign_keys(name)
        )
        indexes = sorted(
            (i["name"], i["column_names"], i["unique"], str(i.get("dialect_options", {}).get("sqlite_where")))
            for i in inspector.get_indexes(name)
        )
        return columns, inspector.get_pk_constraint(name), uniques, foreign, indexes

    return {name: table(name) for name in inspector.get_table_names()}


@pytest.fixture
def migrated():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        assert upgrade(connection, None) == HEAD
    return engine


def test_migrating_and_creating_make_the_same_schema(migrated):
    created = create_engine("sqlite://")
    metadata.create_all(created)
    assert described(migrated) == described(created)


def test_the_schema_in_code_is_the_schema_of_the_scripts(migrated):
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_list_of_revisions_is_that_of_the_scripts():
    assert tuple(script.revision for script in reversed(list(scripts().walk_revisions()))) == REVISIONS


def test_every_row_names_its_organisation_and_its_project():
    for table in metadata.sorted_tables:
        if table.name not in (
            "organisations",
            "projects",
            *people_schema.WITHOUT_PROJECT,
            *space_schema.WITHOUT_PROJECT,
        ):
            assert {"organisation", "project"} <= set(table.c.keys()), table.name


class TestAnOlderSchema:
    """The first revision stands for a migration: a catalog stamped with one before it has no tables yet."""

    @pytest.fixture
    def path(self, tmp_path, monkeypatch):
        monkeypatch.setattr(setup, "REVISIONS", ("0000", *REVISIONS))
        path = tmp_path / "catalog.db"
        engine = connect_engine(database_url(path), read_only=False)
        with writing(engine).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0000')")
        engine.dispose()
        return path

    def test_it_is_upgraded_when_opened(self, path, monkeypatch):
        monkeypatch.setattr("rollbook.catalog.migrations.upgrade.scripts", Scripts)
        with Catalog.open(path) as catalog:
            assert catalog.health().revision == HEAD
            assert set(metadata.tables) <= set(described(catalog._engine))

    def test_it_is_not_upgraded_by_a_reader(self, path):
        with pytest.raises(UnsupportedFormat, match="write access"):
            Catalog.open(path, read_only=True)


class Scripts:
    """The scripts, as if another had come before them."""

    def iterate_revisions(self, target: str, revision: str) -> Any:
        assert revision == "0000"
        return scripts().iterate_revisions(target, "base")
