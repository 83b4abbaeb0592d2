"""The schema's history. Migrations only add, and run in one transaction: a killed one never happened.

`REVISIONS` lists every revision, oldest first. It is written down here, and held to the scripts by a test, so that
opening a catalog that is up to date needs one query and no import of Alembic.
"""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
HEAD = REVISIONS[-1]
