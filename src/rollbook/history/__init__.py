"""History: the journal that holds every row a run has logged.

A row is accepted once one `write` has put it into the journal; a thread makes it durable within a second. Knows no
runs, projects or metrics: a row is a step, a time and named values. `docs/formats/journal.md` fixes every byte.
"""

from rollbook.history.journal import Journal
from rollbook.history.reader import read_header, read_rows
from rollbook.history.rows import HistoryRow, JournalHeader

__all__ = ["HistoryRow", "Journal", "JournalHeader", "read_header", "read_rows"]
