"""Names and facts, transactionally, in SQLite or PostgreSQL. The only room with SQL; it knows no bytes of artifacts.

`Catalog` opens a database and hands out transactions. One module per noun holds the queries, plain functions whose
first argument is the transaction's connection: the transaction belongs to the caller, so one verb is one transaction.
"""

from sqlalchemy import Connection

from rollbook.catalog.engine import Catalog, Health

__all__ = ["Catalog", "Connection", "Health"]
