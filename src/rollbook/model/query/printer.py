"""From a tree back to text: parsing that text gives the same tree."""

from __future__ import annotations

import json

from rollbook.model.query.tree import And, Compare, Exists, In, Literal, Not, Or, Related, Sort, Term


def to_text(term: Term) -> str:
    """The query that a tree stands for, in one spelling."""
    match term:
        case And(terms):
            return " and ".join(_inner(each) for each in terms)
        case Or(terms):
            return " or ".join(to_text(each) if isinstance(each, And) else _inner(each) for each in terms)
        case Not(inner):
            return f"not {_inner(inner)}"
        case Compare(field, operator, value):
            return f"{field} {operator} {_literal(value)}"
        case In(field, values):
            return f"{field} in ({', '.join(map(_literal, values))})"
        case Exists(field):
            return f"exists({field})"
        case Related(way, reference):
            return f"{way}({json.dumps(reference, ensure_ascii=False)})"


def sort_to_text(sort: Sort) -> str:
    """The order as it is written."""
    return f"{sort.field or 'created'} {'desc' if sort.down else 'asc'}"


def _inner(term: Term) -> str:
    return f"({to_text(term)})" if isinstance(term, And | Or) else to_text(term)


def _literal(literal: Literal) -> str:
    match literal.kind:
        case "text":
            return json.dumps(literal.value, ensure_ascii=False)
        case "bool" | "null":
            return json.dumps(literal.value)
        case "number":
            return repr(literal.value)
        case "date" | "ago":
            return str(literal.value)
