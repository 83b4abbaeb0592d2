"""The language of search: text to a tree, a tree to text, and the order that all values have.

Pure: it knows no database, no clock and no permission. `docs/search.md` explains it to people.
"""

from __future__ import annotations

from rollbook.model.query.answers import SearchAnswer, SearchAsk, SearchField, SearchFields, SearchTarget
from rollbook.model.query.parser import parse, parse_sort
from rollbook.model.query.printer import to_text

__all__ = [
    "SearchAnswer",
    "SearchAsk",
    "SearchField",
    "SearchFields",
    "SearchTarget",
    "parse",
    "parse_sort",
    "to_text",
]
