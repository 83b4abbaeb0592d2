"""Built-in fields: what versions and runs can be searched by beside their own metadata, config and summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal as OneOf

import msgspec

from rollbook.model.query.problems import near, wrong
from rollbook.model.query.tree import Compare, Field, In, Literal, LiteralKind, Related, Term, fields_of, leaves

Kind = OneOf["text", "number", "date"]
Target = OneOf["versions", "runs"]
TARGETS: tuple[Target, ...] = ("versions", "runs")


class BuiltIn(msgspec.Struct, frozen=True):
    """A built-in field.

    Attributes:
        kind: Of its values.
        meaning: What it is.
        stored: Whether its values stand among the facts; the others follow from rows that change or from the project.
    """

    kind: Kind
    meaning: str
    stored: bool = True


VERSIONS: Mapping[str, BuiltIn] = {
    "alias": BuiltIn("text", "an alias that points to it now, as champion or champion/grade=8", stored=False),
    "collection": BuiltIn("text", "the collection it is in", stored=False),
    "created": BuiltIn("date", "when it was made"),
    "created_by": BuiltIn("text", "who made it"),
    "data_class": BuiltIn("text", "public, internal, pseudonymous or identifiable"),
    "description": BuiltIn("text", "its newest description"),
    "files": BuiltIn("number", "how many files it has"),
    "name": BuiltIn("text", "the same as collection", stored=False),
    "number": BuiltIn("number", "its number in the collection", stored=False),
    "project": BuiltIn("text", "the project it is in", stored=False),
    "size": BuiltIn("number", "bytes of all its files"),
    "tag": BuiltIn("text", "a label that it has now"),
    "type": BuiltIn("text", "dataset, model, evaluation ..."),
}
RUNS: Mapping[str, BuiltIn] = {
    "created": BuiltIn("date", "when it began"),
    "created_by": BuiltIn("text", "who started it"),
    "description": BuiltIn("text", "its notes"),
    "finished": BuiltIn("date", "when it ended"),
    "group": BuiltIn("text", "its group"),
    "id": BuiltIn("text", "its id or its short id"),
    "job_type": BuiltIn("text", "its job type"),
    "name": BuiltIn("text", "its name"),
    "project": BuiltIn("text", "the project it is in", stored=False),
    "state": BuiltIn("text", "running, finished, failed, crashed or killed", stored=False),
    "tag": BuiltIn("text", "a label that it has"),
    "updated": BuiltIn("date", "when its facts were last seen to change"),
}
BUILT_IN: Mapping[Target, Mapping[str, BuiltIn]] = {"versions": VERSIONS, "runs": RUNS}
OTHER_NAMES = {"aliases": "alias", "tags": "tag", "created_at": "created", "started": "created", "owner": "created_by"}
SOURCES = {"metadata": "metadata", "config": "config", "params": "config", "summary": "summary", "metrics": "summary"}
OF_RUNS = ("config", "summary")
_FITTING: Mapping[Kind, tuple[LiteralKind, ...]] = {
    "text": ("text",),
    "number": ("number",),
    "date": ("date", "ago"),
}


def check(term: Term, target: Target, query: str) -> None:
    """Refuse a tree that asks for what its target does not have.

    Raises:
        InvalidInput: A field does not exist there, or a value can never fit.
    """
    for field in fields_of(term):
        check_field(field, target, query)
    for each in leaves(term):
        match each:
            case Compare(field, "~" | "contains", _, column):
                if not field.source and BUILT_IN[target][field.path[0]].kind != "text":
                    raise wrong(query, column, f"{field} is no text", hint="compare it with <, =, > ...")
            case Compare(field, _, value):
                _check_value(field, value, target, query)
            case In(field, values):
                for value in values:
                    _check_value(field, value, target, query)
            case Related("produced", _, column) if target == "versions":
                raise wrong(query, column, "runs produce, versions do not", hint="write from(REF) or made(REF)")
            case _:
                pass


def check_field(field: Field, target: Target, query: str) -> None:
    """Refuse a field that the target does not have.

    Raises:
        InvalidInput: So it is.
    """
    if field.source == "metadata" and target == "runs":
        raise wrong(query, field.column, "runs have no metadata", hint="runs have config and summary")
    if field.source or field.path[0] in BUILT_IN[target]:
        return
    name = field.path[0]
    known = [*BUILT_IN[target], *(f"{source}.KEY" for source in SOURCES)]
    raise wrong(query, field.column, f"{target} have no field {name[:60]!r}", hint=near(name, known))


def _check_value(field: Field, value: Literal, target: Target, query: str) -> None:
    if field.source:
        return
    kind = BUILT_IN[target][field.path[0]].kind
    if value.kind not in _FITTING[kind]:
        example = {"text": '"model"', "number": "1000", "date": "2026-05-01 or -7d"}[kind]
        raise wrong(query, field.column, f"{field} is a {kind}, not a {value.kind}", hint=f"for example {example}")
