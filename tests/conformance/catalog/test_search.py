"""Search over random documents, held against an evaluator of a few lines."""

from __future__ import annotations

import math
import operator
import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.catalog import collections, commits, memberships, projects, runs, search_dialect, search_facts
from rollbook.catalog.rows import Act
from rollbook.catalog.search_pages import hits
from rollbook.catalog.search_rebuild import rebuild
from rollbook.catalog.search_scope import SearchScope
from rollbook.model import instant
from rollbook.model.canonical import encode
from rollbook.model.errors import InvalidInput
from rollbook.model.query import parse, parse_sort, to_text
from rollbook.model.query.ranks import rank
from rollbook.model.query.tree import And, Compare, Exists, Field, In, Literal, Not, Or, fields_of

DAY = 86_400 * 1_000_000
NOW = 1_790_000_000_000_000
EMPTY = object()
KEYS = st.sampled_from(["a", "b", "a.b", 'q"', "größe"])
TEXTS = st.sampled_from(["", "a", "ab", "b%_", "é", "e\u0301", "\U0001f600", "'; --", "2026-05-01", "A", "x" * 250])
NUMBERS = st.sampled_from([0, 1, -1, 1.0, 0.5, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 1e300, math.inf, -math.inf])
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none(), st.just(math.nan))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=4
)
DOCUMENTS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=1, max_size=8)
FIELDS = st.builds(Field, st.just("metadata"), st.lists(KEYS, min_size=1, max_size=2).map(tuple))
TEXT_LITERALS = st.builds(Literal, st.just("text"), TEXTS)
ORDERED = st.one_of(
    TEXT_LITERALS,
    st.builds(Literal, st.just("number"), NUMBERS),
    st.just(Literal("date", "2026-05-01")),
)
LITERALS = st.one_of(ORDERED, st.builds(Literal, st.just("bool"), st.booleans()), st.just(Literal("null", None)))
PATTERNS = st.builds(Literal, st.just("text"), st.sampled_from(["a", "^a", "b$", "^$", "[é-ü]", ".", "x{200}"]))
LEAVES = st.one_of(
    st.builds(Compare, FIELDS, st.sampled_from(["=", "!="]), LITERALS),
    st.builds(Compare, FIELDS, st.sampled_from(["<", "<=", ">", ">="]), ORDERED),
    st.builds(Compare, FIELDS, st.just("contains"), TEXT_LITERALS),
    st.builds(Compare, FIELDS, st.just("~"), PATTERNS),
    st.builds(In, FIELDS, st.lists(LITERALS, min_size=1, max_size=3).map(tuple)),
    st.builds(Exists, FIELDS),
)


def joined(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, several) | st.builds(Or, several)


TREES = st.recursive(LEAVES, joined, max_leaves=5)
ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def reach(value, path):
    """Everything that a path leads to; lists are looked through."""
    if isinstance(value, list) and (path or value):
        return [found for item in value for found in reach(item, path)]
    if not path:
        return [value]
    return reach(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def scalars(document, field):
    found = reach(document, field.path)
    return [EMPTY if value in ({}, []) else value for value in found if not value or not isinstance(value, dict)]


def kind(value):
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def as_day(value):
    return instant.parse(value) if isinstance(value, str) and value.startswith("2026-") else None


def fulfils(value, sign, literal):
    if literal.kind == "date":
        value, other = as_day(value), instant.parse(literal.value)
        return value is not None and (value == other if sign == "=" else ORDERS[sign](value, other))
    if kind(value) != kind(literal.value):
        return False
    if sign == "=":
        return value == literal.value
    if isinstance(value, str) and max(len(value), len(literal.value)) > 200:
        return ORDERS[sign](rank(value), rank(literal.value))
    return ORDERS[sign](value, literal.value)


def holds(term, document):  # noqa: PLR0911
    match term:
        case And(terms):
            return all(holds(each, document) for each in terms)
        case Or(terms):
            return any(holds(each, document) for each in terms)
        case Not(inner):
            return not holds(inner, document)
        case Exists(field):
            return bool(reach(document, field.path))
        case In(field, literals):
            return any(fulfils(value, "=", each) for value in scalars(document, field) for each in literals)
        case Compare(field, "!=", literal):
            values = scalars(document, field)
            return bool(values) and not any(fulfils(value, "=", literal) for value in values)
        case Compare(field, "contains", literal):
            return any(isinstance(value, str) and literal.value in value for value in scalars(document, field))
        case Compare(field, "~", literal):
            return any(isinstance(value, str) and re.search(literal.value, value) for value in scalars(document, field))
        case Compare(field, sign, literal):
            return any(fulfils(value, sign, literal) for value in scalars(document, field))


class World:
    """A project of versions, one for each document."""

    serial = count()

    def __init__(self, connection, values, documents):
        self.connection, name = connection, f"p{next(self.serial)}"
        organisation = projects.ensure_organisation(connection, "local", id="o", at=1)
        self.project = projects.ensure_project(connection, organisation, name, id=name, key_domain=name, at=1)
        act = Act(actor="user:ana", at=NOW)
        self.collection = collections.ensure(connection, self.project, "m", type="model", id=f"c{name}", act=act)
        for number, document in enumerate(documents):
            made = values(f"{name}-{number}", metadata=encode(document).decode(), size=number % 3)
            done = commits.commit_version(connection, self.collection, made, act)
            search_facts.index_version(connection, done.membership.version)

    def page(self, query, *, sort="", after=None, limit=100, target="versions"):
        term, order = parse(query, target), parse_sort(sort, target)
        scope = SearchScope(
            connection=self.connection,
            project=self.project,
            target=target,
            now=NOW,
            silent_since=NOW - 1000,
            related={},
            warnings=[],
            can_match=search_dialect.prepare(self.connection),
        )
        scope.load([*fields_of(term), *([order.field] if order.field else [])])
        return hits(scope, term, order, after=after, limit=limit).places

    def numbers(self, query, **options):
        return [memberships.by_key(self.connection, place.row).number for place in self.page(query, **options)]

    def all_pages(self, query, **options):
        found, after = [], None
        while True:
            places = self.page(query, after=after, limit=2, **options)
            found += [memberships.by_key(self.connection, place.row).number for place in places]
            if len(places) < 2:
                return found
            after = places[-1]


@pytest.fixture
def world(connection, values):
    return lambda documents: World(connection, values, documents)


FOR_A_DATABASE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FOR_A_DATABASE
@given(DOCUMENTS, st.lists(TREES, min_size=1, max_size=10))
def test_search_finds_what_a_query_says(world, documents, trees):
    here = world(documents)
    for tree in trees:
        query = to_text(tree)
        expected = [number for number, document in enumerate(documents) if holds(tree, document)][::-1]
        assert here.numbers(query) == expected, query
        assert here.all_pages(query) == expected, query


@FOR_A_DATABASE
@given(DOCUMENTS, LEAVES, KEYS, st.booleans())
def test_sorting_keeps_everything_and_puts_what_lacks_the_field_last(world, documents, leaf, key, down):
    here, query = world(documents), to_text(leaf)
    sort = f"metadata.{Field('metadata', (key,)).spelled} {'desc' if down else 'asc'}"
    field = parse_sort(sort).field
    wanted = [number for number, document in enumerate(documents) if holds(leaf, document)]
    ranks = {number: [rank_of(value) for value in scalars(documents[number], field)][:1] for number in wanted}
    having = sorted((number for number in wanted if ranks[number]), key=lambda n: (ranks[n], n), reverse=down)
    lacking = sorted((number for number in wanted if not ranks[number]), reverse=down)
    assert here.all_pages(query, sort=sort) == having + lacking


def rank_of(value):
    return "e" if value is EMPTY else rank(value)


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE versions; --",
        '" OR 1=1 --',
        "') UNION SELECT 1 --",
        "\\",
        "%",
        "_",
        "$1",
        ":field_1",
        "%(key)s",
        "\n",
        "\u2028",
    ],
)
def test_text_stays_text(world, text):
    here = world([{"a": text, text: 1}, {"a": "other"}])
    literal, field = to_text(Compare(Field("metadata", ("a",)), "=", Literal("text", text))), Field("metadata", (text,))
    assert here.numbers(literal) == [0]
    assert here.numbers(literal.replace(" = ", " contains ", 1)) == [0]
    assert here.numbers(to_text(Compare(field, "=", Literal("number", 1)))) == [0]
    assert here.numbers(f"metadata.a != {literal.split(' = ', 1)[1]}") == [1]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*b", "(x+x+)+y"])
def test_patterns_take_linear_time(world, pattern):
    here = world([{"a": "a" * 5000 + "!"}, {"a": "x" * 5000}])
    assert here.numbers(f'metadata.a ~ "{pattern}"') == []


@pytest.mark.parametrize("pattern", ["(?=a)", "(a)\\\\1", "(", "a{1001}", "(?:a{900}){900}"])
def test_patterns_that_could_take_longer_are_refused(world, pattern):
    with pytest.raises(InvalidInput, match="cannot be used"):
        world([{"a": "a"}]).numbers(f'metadata.a ~ "{pattern}"')


def test_common_terms_that_meet_rarely(world, monkeypatch):
    """With terms that are too common to look up, the facts of one are walked."""
    monkeypatch.setattr("rollbook.catalog.search_plan.RARE", 2)
    here = world([{"half": n % 2, "n": n, "both": ["x", "y"], "rare": n if n > 7 else "no"} for n in range(10)])
    assert here.all_pages("metadata.half = 1 and metadata.n > 3") == [9, 7, 5]
    assert here.all_pages("metadata.both in (x, y) and metadata.n < 3") == [2, 1, 0]
    assert here.all_pages("metadata.half = 1 and metadata.half = 0") == []
    assert here.all_pages("not metadata.half = 1 and metadata.n != 4") == [8, 6, 2, 0]
    assert here.all_pages("metadata.rare > 7 and type = model") == [9, 8]
    assert here.all_pages("metadata.half = 1", sort="metadata.n asc") == [1, 3, 5, 7, 9]
    assert here.all_pages("metadata.both ~ x or metadata.n = 0", sort="size desc") == [8, 5, 2, 7, 4, 1, 9, 6, 3, 0]


def test_a_page_that_walked_far_enough_says_where_it_stopped(world, monkeypatch):
    monkeypatch.setattr("rollbook.catalog.search_pages.WALKED", 3)
    monkeypatch.setattr("rollbook.catalog.search_plan.RARE", 0)
    here = world([{"n": n, "big": n > 6} for n in range(10)])
    for sort, expected in (("", [1, 0]), ("metadata.n asc", [0, 1]), ("size desc", [1, 0])):
        found, after, pages = [], None, 0
        while True:
            part = self_page(here, "not metadata.n > 1", sort, after)
            found += [memberships.by_key(here.connection, place.row).number for place in part.places]
            pages += 1
            if part.reached is None:
                break
            after = part.reached
        assert (sorted(found), pages > 1) == ([0, 1], True)
        assert found == expected


def self_page(here, query, sort, after):
    term, order = parse(query), parse_sort(sort)
    scope = SearchScope(
        connection=here.connection,
        project=here.project,
        target="versions",
        now=NOW,
        silent_since=0,
        related={},
        warnings=[],
        can_match=search_dialect.prepare(here.connection),
    )
    scope.load([*fields_of(term), *([order.field] if order.field else [])])
    return hits(scope, term, order, after=after, limit=100)


def test_rebuilding_changes_no_answer(world):
    here = world([{"a": n, "b": {"c": [n, "x"]}} for n in range(5)])
    run = runs.create(
        here.connection,
        here.project,
        runs.RunValues(id="r", short="r", name="r", config='{"lr":0.1}'),
        Act(actor="a", at=NOW),
    )
    search_facts.index_run(here.connection, run, NOW)
    queries = ["metadata.a > 2", "metadata.b.c = x", "created >= -1d", "not exists(metadata.z)"]
    before = [here.numbers(query) for query in queries]
    assert rebuild(here.connection, here.project.key) == 6
    assert [here.numbers(query) for query in queries] == before
    assert len(here.page("config.lr < 1 and state = running", target="runs")) == 1


def test_runs_that_fell_silent_have_crashed(world):
    here = world([])
    for name, at in (("old", NOW - 5000), ("new", NOW)):
        made = runs.RunValues(id=name, short=name, name=name)
        run = runs.create(here.connection, here.project, made, Act(actor="a", at=at))
        search_facts.index_run(here.connection, run, at)

    def names(query):
        return [runs.by_key(here.connection, place.row).name for place in here.page(query, target="runs")]

    assert names("state = crashed") == ["old"]
    assert names("state = running") == ["new"]
    assert names("state in (running, crashed)") == ["new", "old"]
    assert names('state ~ "^fin"') == []


def test_aliases_collections_and_numbers(world):
    from rollbook.catalog import aliases

    here = world([{"n": n} for n in range(4)])
    act = Act(actor="ana", at=NOW)
    aliases.move(here.connection, here.collection, "champion", 1, act)
    aliases.move(here.connection, here.collection, "champion", 2, act, segment="grade=8")
    assert here.numbers("alias = champion") == [2, 1]
    assert here.numbers('alias = "champion/grade=8"') == [2]
    assert here.numbers('alias ~ "grade"') == [2]
    assert here.numbers("not exists(alias)") == [0]
    assert here.numbers("alias != champion") == [3]
    assert here.numbers("number >= 2 and collection = m") == [3, 2]
    assert here.numbers("number in (0, 3) and name contains m") == [3, 0]
    assert here.numbers("collection = n or number = inf") == []
    assert here.numbers(f"project = {here.project.name} and number < 1") == [0]
    commits.delete(here.connection, here.collection, 3, act)
    assert here.numbers("metadata.n > 0") == [2, 1]
