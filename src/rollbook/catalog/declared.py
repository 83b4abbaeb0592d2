"""Every table of the catalog: importing this declares them all, whichever module holds them."""

from __future__ import annotations

from rollbook.catalog import people_schema, space_schema
from rollbook.catalog.schema import metadata

DECLARED = (people_schema, space_schema)
"""The modules that declare tables beside `schema`."""

__all__ = ["DECLARED", "metadata"]
