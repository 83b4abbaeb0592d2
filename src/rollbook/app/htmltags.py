"""The few HTML elements of a report. Every text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple


class Markup(NamedTuple):
    """HTML that is escaped already; the only way in is through this module."""

    html: str


Text = str | Markup


def text(content: Text) -> str:
    """HTML of a text."""
    return content.html if isinstance(content, Markup) else escape(content, quote=True)


def element(name: str, content: Text | Iterable[Markup], *, kind: str = "") -> Markup:
    """An element with a class, or without one.

    Args:
        name: Tag; a word of this program, never of a user.
        content: A text, or elements.
        kind: Class, or "".
    """
    inner = text(content) if isinstance(content, str | Markup) else "\n".join(part.html for part in content)
    shown = f' class="{escape(kind, quote=True)}"' if kind else ""
    return Markup(f"<{name}{shown}>{inner}</{name}>")


def joined(parts: Iterable[Text], between: str = " ") -> Markup:
    """Texts one after another."""
    return Markup(escape(between).join(text(part) for part in parts))


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Text]], *, right: Sequence[str] = ()) -> Markup:
    """A table that scrolls by itself where the page is narrower.

    Args:
        caption: What it shows.
        columns: Headings.
        rows: One text per column; the first names the row.
        right: Columns of numbers.
    """
    kinds = ["number" if name in right else "" for name in columns]
    head = "".join(_cell("th", name, kind, ' scope="col"') for name, kind in zip(columns, kinds, strict=True))
    body = "\n".join(f"<tr>{_row(row, kinds)}</tr>" for row in rows)
    shown = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    label = escape(caption, quote=True)
    return Markup(f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{shown}</div>')


def _row(row: Sequence[Text], kinds: Sequence[str]) -> str:
    first, *others = zip(row, kinds, strict=True)
    return _cell("th", first[0], first[1], ' scope="row"') + "".join(_cell("td", *cell) for cell in others)


def _cell(name: str, content: Text, kind: str, more: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f"<{name}{shown}{more}>{text(content)}</{name}>"


def document(title: str, style: str, body: Iterable[Markup]) -> str:
    """A whole page that loads nothing: the browser is told to refuse anything else.

    Args:
        title: Title of the window.
        style: CSS; a file of this program.
        body: Elements.
    """
    inner = "\n".join(part.html for part in body)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{inner}
</main>
</body>
</html>
"""
