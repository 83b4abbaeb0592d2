"""A catalog whose transactions are all one: several verbs, or a verb and what is kept of it, happen together."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection

from rollbook.catalog.engine import Catalog


class Joined(Catalog):
    """The catalog as it is inside a writing transaction, which stays its caller's.

    Args:
        connection: The transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """The one transaction."""
        yield self._connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """The one transaction."""
        yield self._connection
