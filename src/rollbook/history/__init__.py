"""History: the journal that holds every row a run has logged.

A row is accepted once one `write` has put it into the journal; a thread makes it durable within a second. Knows no
runs, projects or metrics: a row is a step, a time and named values. `docs/formats/journal.md` fixes every byte.
"""

from rollbook.history.frames import Frame
from rollbook.history.journal import Journal
from rollbook.history.reader import read_frames, read_header, read_rows
from rollbook.history.rows import MAX_ROW_BYTES, HistoryRow, JournalHeader, RowEncoder, decode_row, merge_steps

__all__ = [
    "MAX_ROW_BYTES",
    "Frame",
    "HistoryRow",
    "Journal",
    "JournalHeader",
    "RowEncoder",
    "decode_row",
    "merge_steps",
    "read_frames",
    "read_header",
    "read_rows",
]
