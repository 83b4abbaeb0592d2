"""`KEY=VALUE` arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.cli.arguments import pairs, texts
from rollbook.model.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k=1", 1),
        ("k=1.5", 1.5),
        ("k=true", True),
        ("k=null", None),
        ('k={"a": [1]}', {"a": [1]}),
        ("k=two words", "two words"),
        ("k=a=b", "a=b"),
        ("k=", ""),
        ('k="7"', "7"),
        ("k=NaN", "NaN"),
        ("k=007", "007"),
    ],
)
def test_a_value_is_json_where_it_parses_else_text(text: str, value: Any) -> None:
    assert pairs([text], "--metadata") == {"k": value}


@pytest.mark.parametrize(("given_texts", "named"), [(["k"], "'k'"), (["=v"], "'=v'"), (["k=1", "k=2"], "'k' twice")])
def test_what_is_no_pair_is_refused_by_name(given_texts: list[str], named: str) -> None:
    with pytest.raises(InvalidInput, match="--metadata") as caught:
        pairs(given_texts, "--metadata")
    assert named in caught.value.message


def test_nothing_given_is_nothing() -> None:
    assert pairs(None, "--metadata") == {}


def test_values_that_must_stay_text_do() -> None:
    assert texts(["grade=8", "school=a=b"], "--where") == {"grade": "8", "school": "a=b"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_every_json_value_can_be_given(value: Any) -> None:
    assert pairs([f"k={json.dumps(value)}"], "--metadata") == {"k": value}
