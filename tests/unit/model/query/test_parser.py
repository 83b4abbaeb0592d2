from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.errors import InvalidInput
from rollbook.model.query import parse, parse_sort, to_text
from rollbook.model.query.parser import MAX_DEPTH, MAX_TERMS, MAX_VALUES
from rollbook.model.query.printer import sort_to_text
from rollbook.model.query.tree import And, Compare, Exists, Field, In, Literal, Not, Or, Related

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
KEYS = st.one_of(st.sampled_from(["lr", "a.b", "and", "x-1", "größe", 'q"uote', "in"]), TEXT)
FIELDS = st.builds(
    Field, st.sampled_from(["metadata", "config", "summary"]), st.lists(KEYS, min_size=1, max_size=4).map(tuple)
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
TEXTS = st.builds(Literal, st.just("text"), TEXT)
ORDERED = st.one_of(
    TEXTS,
    st.builds(Literal, st.just("number"), NUMBERS),
    st.builds(Literal, st.just("date"), st.sampled_from(["2026-05-01", "2026-05-01T12:00:00Z"])),
    st.builds(Literal, st.just("ago"), st.integers(0, 999).map(lambda days: f"-{days}d")),
)
ANY = ORDERED | st.builds(Literal, st.just("bool"), st.booleans()) | st.just(Literal("null", None))
LEAVES = st.one_of(
    st.builds(Compare, FIELDS, st.sampled_from(["=", "!="]), ANY),
    st.builds(Compare, FIELDS, st.sampled_from(["<", "<=", ">", ">="]), ORDERED),
    st.builds(Compare, FIELDS, st.sampled_from(["~", "contains"]), TEXTS),
    st.builds(In, FIELDS, st.lists(ANY, min_size=1, max_size=4).map(tuple)),
    st.builds(Exists, FIELDS),
    st.builds(Related, st.sampled_from(["from", "made", "used"]), st.sampled_from(["a:v1", "p/a:champion/grade=8"])),
)


def both(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, several) | st.builds(Or, several)


TREES = st.recursive(LEAVES, both, max_leaves=8)


@given(TREES)
def test_what_is_printed_reads_back(tree):
    printed = to_text(tree)
    assert to_text(parse(printed)) == printed


@given(TREES)
def test_nothing_is_lost_in_printing(tree):
    assert bare(parse(to_text(tree))) == bare(tree)


def bare(term):
    """The tree as plain tuples, without columns; `and` in `and` is kept apart by its parentheses."""
    match term:
        case Not(inner):
            return "not", bare(inner)
        case And(terms) | Or(terms):
            return type(term).__name__, tuple(map(bare, terms))
        case Compare(field, operator, value):
            return field.source, field.path, operator, value.kind, repr(value.value)
        case In(field, values):
            return field.source, field.path, "in", tuple((value.kind, repr(value.value)) for value in values)
        case Exists(field):
            return field.source, field.path, "exists"
        case Related(way, reference):
            return way, reference


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("", ""),
        ("metrics.auc > 0.8 AND params.model = 'dkt'", 'summary.auc > 0.8 and config.model = "dkt"'),
        ("tags == checked", 'tag = "checked"'),
        ("type=model or type=dataset and size<5", 'type = "model" or type = "dataset" and size < 5'),
        ("not (type=model or number=1)", 'not (type = "model" or number = 1)'),
        ("metadata.x in (1, 2.0, true, null, inf)", "metadata.x in (1, 2.0, true, null, inf)"),
        ("from(p/data:v3)", 'from("p/data:v3")'),
        ("created > -7d and created<2026-05-01t12:00z", "created > -7d and created < 2026-05-01T12:00Z"),
    ],
)
def test_it_has_one_spelling(written, printed):
    assert to_text(parse(written)) == printed


@pytest.mark.parametrize(
    ("query", "column", "hint"),
    [
        ("typ = model", 1, "did you mean type"),
        ("optimizer.lr < 1", 1, "metadata.optimizer"),
        ("type = model and", 17, ""),
        ("type model", 6, "one of ="),
        ("metadata.x < true", 14, "use = or !="),
        ("size > big", 1, "for example 1000"),
        ("created > 5", 1, "2026-05-01"),
        ("(type = model", 14, ""),
        ("type = model)", 13, "join terms"),
        ("metadata.x = 1e999", 14, "inf"),
        ("metadata.x = 99999999999999999999", 14, "inf"),
        ('metadata.x = "open', 14, "a value is"),
        ("metadata.x = 2026-02-30", 14, "2026-05-01"),
        ("metadata. = 1", 10, "quote a key"),
        ("from()", 6, "student_data:v3"),
        ("size ~ x", 1, "compare it"),
        ("produced(a:v1)", 1, "made(REF)"),
        ("metadata.x < nan", 14, "use = or !="),
    ],
)
def test_an_error_points_at_its_place(query, column, hint):
    with pytest.raises(InvalidInput) as caught:
        parse(query)
    message, shown, caret = caught.value.message.split("\n")
    assert f"(column {column})" in message
    assert (shown.strip(), len(caret)) == (query.strip(), column + 2)
    assert hint in caught.value.hint


def test_the_place_is_shown_in_a_long_query():
    query = " or ".join(["type = model"] * 40) + " or typ = model"
    with pytest.raises(InvalidInput) as caught:
        parse(query)
    _, shown, caret = caught.value.message.split("\n")
    assert shown[caret.index("^") :].startswith("typ = model")
    assert len(shown) < 80


@pytest.mark.parametrize(
    "query",
    [
        "x" * 5000,
        "(" * 2000,
        "not " * 1000 + "type = model",
        "(" * (MAX_DEPTH + 1) + "type = model" + ")" * (MAX_DEPTH + 1),
        " or ".join(["type = m"] * (MAX_TERMS + 1)),
        f"type in ({', '.join('x' * (MAX_VALUES + 1))})",
        'type ~ "' + "a" * 300 + '"',
        "metadata.x = \ud800",
        "metadata.x = '\\u0000'",
        "metadata.x = '\\ud800'",
    ],
)
def test_too_much_is_refused(query):
    with pytest.raises(InvalidInput):
        parse(query)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    with suppress(InvalidInput):
        parse(text)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("", "created desc"),
        ("created asc", "created asc"),
        ("metrics.auc", "summary.auc desc"),
        ("metadata.'a b' ASC", 'metadata."a b" asc'),
    ],
)
def test_orders_have_one_spelling(written, printed):
    assert sort_to_text(parse_sort(written)) == printed


@pytest.mark.parametrize("text", ["alias", "sice", "size down", "size asc, type", "collection desc"])
def test_wrong_orders_are_refused(text):
    with pytest.raises(InvalidInput):
        parse_sort(text)


def test_runs_have_fields_of_their_own():
    assert to_text(parse("state = failed and job_type = train", "runs"))
    for query in ("metadata.x = 1", "alias = champion", "data_class = public"):
        with pytest.raises(InvalidInput):
            parse(query, "runs")
