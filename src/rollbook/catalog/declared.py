"""Every table of the catalog: importing this declares them all, whichever module holds them."""

from __future__ import annotations

from rollbook.catalog import history_schema, ledger_schema, people_schema, search_schema, space_schema, uploads_schema
from rollbook.catalog.schema import metadata

DECLARED = (history_schema, ledger_schema, people_schema, search_schema, space_schema, uploads_schema)
"""The modules that declare tables beside `schema`."""

__all__ = ["DECLARED", "metadata"]
