"""Random operations on the catalog, held against a model of a few lines."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rollbook.catalog import alias_history, aliases, collections, commits, memberships, notes, projects
from rollbook.catalog.rows import Act
from rollbook.model.errors import Conflict, NotFound

ALIASES = ("latest", "champion")
CONTENTS = st.sampled_from("abcdef")


class Model:
    """What the catalog promises about one collection."""

    def __init__(self) -> None:
        self.numbers: list[tuple[str, bool]] = []  # content and whether it lives, by number from `first`
        self.first = 0
        self.moves: dict[str, list[tuple[int, int | None]]] = {alias: [] for alias in ALIASES}  # instant, target
        self.before: dict[str, list[int | None]] = {alias: [] for alias in ALIASES}  # what rollbacks restore
        self.tags: dict[str, set[str]] = {}

    def living(self) -> dict[int, str]:
        return {self.first + i: content for i, (content, alive) in enumerate(self.numbers) if alive}

    def holder(self, alias: str, at: int | None = None) -> int | None:
        return next((to for when, to in reversed(self.moves[alias]) if at is None or when <= at), None)

    def move(self, alias: str, to: int | None, at: int) -> None:
        if to != self.holder(alias):
            self.before[alias].append(self.holder(alias))
            self.moves[alias].append((at, to))

    def follow(self, at: int) -> None:
        self.move("latest", max(self.living(), default=None), at)


class Register(RuleBasedStateMachine):
    """One collection of a fresh project of `catalog`."""

    catalog: Any
    values: Any
    serial: Any

    def __init__(self) -> None:
        super().__init__()
        self.model, self.now, name = Model(), 1000, f"p{next(self.serial)}"
        with self.catalog.write() as connection:
            organisation = projects.ensure_organisation(connection, "local", id="o", at=1)
            self.project = projects.ensure_project(connection, organisation, name, id=name, key_domain="", at=1)
            self.collection = collections.ensure(
                connection, self.project, "m", type="model", id=f"c-{name}", act=self.act()
            )

    def act(self) -> Act:
        return Act(actor="ana", at=self.now, reason="")

    @initialize()
    def some_versions(self):
        for content in "abc":
            self.commit_stated(content, None)

    @rule(step=st.integers(0, 3))
    def time_passes(self, step):
        self.now += step

    @rule(content=CONTENTS, stated=st.none() | st.integers(0, 8))
    def commit(self, content, stated):
        self.commit_stated(content, stated)

    def commit_stated(self, content, stated):
        model, present = self.model, {text: number for number, text in self.model.living().items()}.get(content)
        following = model.first + len(model.numbers) if model.numbers else (stated or 0)
        fits = stated in (None, following if present is None else present)
        values = self.values(content, id=f"{content}-{self.project.name}")
        with self.catalog.write() as connection:
            if not fits:
                with pytest.raises(Conflict):
                    commits.commit_version(connection, self.collection, values, self.act(), stated_number=stated)
                return
            done = commits.commit_version(connection, self.collection, values, self.act(), stated_number=stated)
        assert done.created == (present is None)
        assert done.membership.number == (following if present is None else present)
        if done.created:
            model.first = model.first if model.numbers else following
            model.numbers.append((content, True))
            model.follow(self.now)

    @precondition(lambda self: self.model.numbers)
    @rule(data=st.data())
    def delete(self, data):
        model = self.model
        number = data.draw(st.integers(model.first, model.first + len(model.numbers)))
        held = any(model.holder(alias) == number for alias in ALIASES[1:])
        refusal = NotFound if number not in model.living() else Conflict if held else None
        with self.catalog.write() as connection:
            if refusal:
                with pytest.raises(refusal):
                    commits.delete(connection, self.collection, number, self.act())
                return
            commits.delete(connection, self.collection, number, self.act())
        model.numbers[number - model.first] = (model.living()[number], False)
        model.follow(self.now)

    @rule(data=st.data(), alias=st.sampled_from(ALIASES[1:]))
    def move(self, data, alias):
        model, numbers = self.model, st.integers(self.model.first, self.model.first + len(self.model.numbers))
        to = data.draw(st.none() | numbers)
        expected = data.draw(st.just(aliases.ANY) | st.just(model.holder(alias)) | st.none() | numbers)
        wrong = expected not in (aliases.ANY, model.holder(alias))
        refusal = Conflict if wrong else NotFound if to is not None and to not in model.living() else None
        with self.catalog.write() as connection:
            if refusal:
                with pytest.raises(refusal):
                    aliases.move(connection, self.collection, alias, to, self.act(), expected=expected)
                return
            aliases.move(connection, self.collection, alias, to, self.act(), expected=expected)
        model.move(alias, to, self.now)

    @precondition(lambda self: self.model.living())
    @rule(data=st.data(), alias=st.sampled_from(ALIASES[1:]))
    def move_for_sure(self, data, alias):
        to = data.draw(st.sampled_from(sorted(self.model.living())))
        with self.catalog.write() as connection:
            aliases.move(connection, self.collection, alias, to, self.act(), expected=self.model.holder(alias))
        self.model.move(alias, to, self.now)

    @rule(alias=st.sampled_from(ALIASES[1:]))
    def roll_back_again(self, alias):
        self.take_back(alias)

    @rule(alias=st.sampled_from(ALIASES[1:]))
    def roll_back(self, alias):
        self.take_back(alias)

    def take_back(self, alias):
        model = self.model
        to = model.before[alias][-1] if model.before[alias] else None
        refusal = NotFound if to is None else Conflict if to not in model.living() else None
        with self.catalog.write() as connection:
            if refusal:
                with pytest.raises(refusal):
                    aliases.roll_back(connection, self.collection, alias, self.act())
                return
            aliases.roll_back(connection, self.collection, alias, self.act())
        model.before[alias].pop()
        model.moves[alias].append((self.now, to))

    @precondition(lambda self: self.model.living())
    @rule(data=st.data(), label=st.sampled_from(["good", "bad"]), put=st.booleans())
    def tag(self, data, label, put):
        number, content = data.draw(st.sampled_from(sorted(self.model.living().items())))
        labels = self.model.tags.setdefault(content, set())
        with self.catalog.write() as connection:
            version = memberships.get(connection, self.collection, number).version
            if put:
                notes.tag(connection, version, label, self.act())
                labels.add(label)
            elif label in labels:
                notes.untag(connection, version, label, self.act())
                labels.remove(label)

    def instants(self):
        return self.now, self.now - 1, self.now - 4

    def held_at(self, connection, alias, instant):
        try:
            return alias_history.holder_at(connection, self.collection, alias, instant).number
        except NotFound:
            return None

    @invariant()
    def everything_agrees(self):
        with self.catalog.read() as connection:
            listed = memberships.list_page(connection, self.project, deleted=True).items
            held = aliases.of_collection(connection, self.collection)
            tagged = notes.tags(connection, [item.version.key for item in listed])
            then = {(alias, at): self.held_at(connection, alias, at) for alias in ALIASES for at in self.instants()}
            undone = {row.alias: alias_history.last_standing(connection, row) for row in held}
        found = {item.number: (item.version.id[0], item.deleted_at is None) for item in listed}
        assert found == dict(enumerate(self.model.numbers, self.model.first))
        wanted = {alias: self.model.holder(alias) for alias in ALIASES}
        assert {row.alias: row.number for row in held} == {k: v for k, v in wanted.items() if v is not None}
        assert then == {(alias, at): self.model.holder(alias, at) for alias in ALIASES for at in self.instants()}
        for alias in ALIASES[1:]:
            if undone.get(alias):
                assert undone[alias].from_number == self.model.before[alias][-1]
        contents = {item.version.key: item.version.id[0] for item in listed}
        labels = {(contents[note.version], note.value) for note in tagged}
        assert labels == {(content, label) for content, some in self.model.tags.items() for label in some}


def run(catalog, values, **options):
    bound = {"catalog": catalog, "values": staticmethod(values), "serial": count()}
    run_state_machine_as_test(type("BoundRegister", (Register,), bound), settings=settings(**options))


def test_the_catalog_agrees_with_its_model(catalog, values):
    run(catalog, values, max_examples=12, stateful_step_count=25)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_catalog_agrees_with_its_model_at_length(catalog, values):
    run(catalog, values, max_examples=1000, stateful_step_count=75)
