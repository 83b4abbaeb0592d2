"""One key in any form gives one answer; anything else is refused as unauthenticated, never as an error of ours."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.errors import Unauthenticated
from rollbook.server.credentials import MAX_LENGTH, key_in

KEYS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=200)


def basic(user: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()


@given(KEYS, st.sampled_from(["api", "", "ana", "x y"]), st.sampled_from(["Bearer", "bearer", "BEARER"]))
def test_every_form_carries_the_same_key(key: str, user: str, bearer: str) -> None:
    assert key_in([f"{bearer} {key}"], []) == key
    assert key_in([basic(user, key)], []) == key
    assert key_in([], [key]) == key
    assert key_in([basic(user, key), f"{bearer} {key}"], [key]) == key


@given(KEYS, KEYS)
def test_two_different_keys_are_refused(one: str, other: str) -> None:
    if one == other:
        return
    with pytest.raises(Unauthenticated, match="two different"):
        key_in([f"Bearer {one}"], [other])
    with pytest.raises(Unauthenticated, match="two different"):
        key_in([f"Bearer {one}", basic("api", other)], [])


def test_no_header_is_no_key() -> None:
    assert key_in([], []) is None


@given(st.lists(st.text(max_size=60), max_size=3), st.lists(st.text(max_size=60), max_size=2))
def test_any_text_is_a_key_or_is_refused(authorization: list[str], api_key: list[str]) -> None:
    try:
        found = key_in(authorization, api_key)
    except Unauthenticated:
        return
    assert (found is None) == (not authorization and not api_key)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "Bearer",
        "Bearer ",
        "Basic Og==",
        "Basic ",
        "Basic ???",
        "Basic YXBp",
        "Digest x",
        "Bearer a b",
        "Bearer \x00",
        "Bearer caf\xe9",
        "Bearer " + "k" * (MAX_LENGTH + 1),
        basic("api", "k\x00k"),
        basic("a", "\u00e9"),
    ],
)
def test_malformed(value: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        key_in([value], [])
    assert caught.value.hint
