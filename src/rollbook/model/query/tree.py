"""The tree of a query. `column` is where a term stands in the text, from 0, so that messages can point at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal as OneOf

import msgspec

Source = OneOf["", "metadata", "config", "summary"]
Operator = OneOf["=", "!=", "<", "<=", ">", ">=", "~", "contains"]
LiteralKind = OneOf["text", "number", "bool", "null", "date", "ago"]
Way = OneOf["from", "made", "used", "produced"]

BARE_KEY = re.compile(r"[^\W\d][\w-]*\Z")


class Literal(msgspec.Struct, frozen=True):
    """A value that stands in a query.

    Attributes:
        kind: What it is. A `date` is an RFC 3339 date or time; an `ago` is a span before now, such as `-7d`.
        value: Text, number, bool or None; of a date or an `ago` its text.
    """

    kind: LiteralKind
    value: str | int | float | bool | None


class Field(msgspec.Struct, frozen=True):
    """What a term is about: a built-in field (`type`), or a value inside metadata, config or summary.

    Attributes:
        source: Where the value lies; "" for built-in fields.
        path: Keys from outside to inside; of a built-in field its name alone.
        column: Where it stands.
    """

    source: Source
    path: tuple[str, ...]
    column: int = 0

    @property
    def spelled(self) -> str:
        """The path as it is written: `optimizer.lr`, with keys quoted that are no plain words."""
        return spell(self.path)

    def __str__(self) -> str:
        return f"{self.source}.{self.spelled}" if self.source else self.spelled


class Compare(msgspec.Struct, frozen=True):
    """`field operator value`; true where any of the field's values fulfils it."""

    field: Field
    operator: Operator
    value: Literal
    column: int = 0


class In(msgspec.Struct, frozen=True):
    """`field in (value, ...)`."""

    field: Field
    values: tuple[Literal, ...]
    column: int = 0


class Exists(msgspec.Struct, frozen=True):
    """`exists(field)`: the field has a value, or values below it."""

    field: Field
    column: int = 0


class Related(msgspec.Struct, frozen=True):
    """`from(REF)`, `made(REF)`, `used(REF)`, `produced(REF)`: lineage to a version."""

    way: Way
    reference: str
    column: int = 0


class Not(msgspec.Struct, frozen=True):
    """`not term`: two-valued, so it is true where the term is false for want of a value."""

    term: Term


class And(msgspec.Struct, frozen=True):
    """All of several terms; of none: everything."""

    terms: tuple[Term, ...]


class Or(msgspec.Struct, frozen=True):
    """Any of several terms."""

    terms: tuple[Term, ...]


Term = Compare | In | Exists | Related | Not | And | Or
EVERYTHING = And(())


class Sort(msgspec.Struct, frozen=True):
    """Order of an answer: by a field (None: by when things were made), downwards or upwards."""

    field: Field | None = None
    down: bool = True


def spell(path: tuple[str, ...]) -> str:
    """A path as it is written in a query and listed among the fields."""
    return ".".join(key if BARE_KEY.match(key) else json.dumps(key, ensure_ascii=False) for key in path)


def leaves(term: Term) -> Iterator[Compare | In | Exists | Related]:
    """Every term of a tree that is not made of others, in order."""
    match term:
        case Not(inner):
            yield from leaves(inner)
        case And(terms) | Or(terms):
            for inner in terms:
                yield from leaves(inner)
        case Compare() | In() | Exists() | Related():
            yield term


def fields_of(term: Term) -> tuple[Field, ...]:
    """Every field that a tree asks for, in order."""
    return tuple(leaf.field for leaf in leaves(term) if not isinstance(leaf, Related))


def related_of(term: Term) -> tuple[Related, ...]:
    """Every lineage term of a tree, each once."""
    return tuple(dict.fromkeys(leaf for leaf in leaves(term) if isinstance(leaf, Related)))
