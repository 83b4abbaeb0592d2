"""Canonical JSON: one value, one byte string; what JSON cannot hold is refused by name, before anything is stored."""

from __future__ import annotations

import enum
import json
import math
from collections import OrderedDict, UserDict, deque
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.canonical import MAX_DEPTH, check_text, decode, encode, to_json
from rollbook.model.errors import InvalidInput

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
KEYS = TEXT.filter(lambda key: key != "$float")
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXT
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def same(left: Any, right: Any) -> bool:
    """Equality that tells 1 from 1.0 and True, 0.0 from -0.0, and finds NaN equal to itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


@given(VALUES)
def test_what_was_written_is_read_back_with_its_types(value: Any) -> None:
    assert same(decode(encode(to_json(value))), value)


@given(VALUES)
def test_bytes_do_not_depend_on_the_order_of_keys(value: Any) -> None:
    def reversed_keys(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: reversed_keys(item[key]) for key in reversed(item)}
        return [reversed_keys(part) for part in item] if isinstance(item, list) else item

    assert encode(value) == encode(reversed_keys(value))


@given(VALUES, VALUES)
def test_different_values_have_different_bytes(left: Any, right: Any) -> None:
    assert (encode(left) == encode(right)) == same(left, right)


@given(VALUES)
def test_bytes_are_json_on_one_line_that_anyone_can_read(value: Any) -> None:
    data = encode(value)
    assert b"\n" not in data

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(data, parse_constant=refuse)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        ({"Z": 0, "a": 0, "é": 0, "\U0001f600": 0, "\uffee": 0}, '{"Z":0,"a":0,"é":0,"\uffee":0,"😀":0}'.encode()),
        ([1, 1.0, -0.0, 0.1, 1e16, 1e22, 5e-324, 123456789.5], b"[1,1.0,-0.0,0.1,1e+16,1e+22,5e-324,123456789.5]"),
        ([math.nan, math.inf, -math.inf], b'[{"$float":"NaN"},{"$float":"Infinity"},{"$float":"-Infinity"}]'),
        ([True, False, None, 2**63 - 1, -(2**63)], b"[true,false,null,9223372036854775807,-9223372036854775808]"),
        ('"\\/\b\f\n\r\t\x01\x7f\u2028é😀', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\u2028é😀"'.encode()),
        ({"": [], "a": {}}, b'{"":[],"a":{}}'),
    ],
)
def test_golden_bytes(value: Any, expected: bytes) -> None:
    assert encode(value) == expected


def test_composed_and_decomposed_letters_stay_different() -> None:
    assert encode(to_json("\u00e9")) != encode(to_json("e\u0301"))


class Colour(enum.StrEnum):
    RED = "red"


class Old(str, enum.Enum):  # noqa: UP042 - users still have such
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Ratio(float):
    def __repr__(self) -> str:
        return "something else"


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, (2.0, "a")), [1, [2.0, "a"]]),
        (Point(1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        (deque([1]), [1]),
        (OrderedDict(b=1, a=(1,)), {"b": 1, "a": [1]}),
        (UserDict({"a": 1}), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7),
        (np.uint8(255), 255),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array(3), 3),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([0.5, math.inf]), [0.5, math.inf]),
        ({np.str_("k"): np.int8(1)}, {"k": 1}),
        (Colour.RED, "red"),
        (Old.RED, "red"),
        ({Old.RED: 1}, {"red": 1}),
        (Level.HIGH, 3),
        (Ratio(0.25), 0.25),
    ],
)
def test_values_of_other_types_become_plain(value: Any, plain: Any) -> None:
    made = to_json(value)
    assert same(made, plain)
    assert encode(made) == encode(plain)


@pytest.mark.parametrize(
    "value",
    [
        *(b"bytes", bytearray(b"x"), memoryview(b"x"), {1, 2}, frozenset(), object(), Decimal("1.5"), 1j, ...),
        *(datetime(2026, 1, 1, tzinfo=UTC), Path("a"), np.complex128(1j), np.datetime64("2026-01-01"), np.bytes_(b"x")),
        *(iter([1]), {"a": 1}.values(), lambda: 1, int),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_refused_with_its_place_and_type(value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        to_json({"outer": [0, value]}, "metadata")
    assert "metadata.outer[1]" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("key", [1, 1.5, None, True, ("a",), b"a"])
def test_keys_must_be_text(key: object) -> None:
    with pytest.raises(InvalidInput, match="key"):
        to_json({key: 1})


def test_the_reserved_key_is_refused_so_that_nothing_can_pass_for_a_float() -> None:
    with pytest.raises(InvalidInput, match=r"\$float"):
        to_json({"a": {"$float": "NaN"}})


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800", "x\udfffy"], ids=ascii)
@pytest.mark.parametrize("place", ["value", "key", "plain"])
def test_nul_and_lone_surrogates_are_refused_everywhere(bad: str, place: str) -> None:
    value: Any = {"value": {"a": [bad]}, "key": {bad: 1}, "plain": bad}[place]
    with pytest.raises(InvalidInput) as caught:
        to_json(value)
    caught.value.message.encode()  # the message itself can be printed
    with pytest.raises(InvalidInput):
        check_text(bad, "name")


@pytest.mark.parametrize(
    "number",
    [2**63, -(2**63) - 1, 10**40, 10**5000, -(10**5000)],
    ids=["2^63", "-2^63-1", "10^40", "10^5000", "-10^5000"],
)
def test_integers_beyond_64_bits_are_refused_whatever_their_length(number: int) -> None:
    with pytest.raises(InvalidInput, match="64 bits") as caught:
        to_json({"n": number})
    assert len(caught.value.message) < 200


def nested(levels: int, leaf: Any = 0) -> Any:
    for level in range(levels):
        leaf = [leaf] if level % 2 else {"k": leaf}
    return leaf


def test_nesting_is_bounded() -> None:
    assert decode(encode(to_json(nested(MAX_DEPTH)))) == nested(MAX_DEPTH)
    for levels in (MAX_DEPTH + 1, 900):
        with pytest.raises(InvalidInput, match="deeper than 15"):
            to_json(nested(levels))
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidInput, match="deeper"):
        to_json(loop)


def test_a_copy_is_made() -> None:
    given_value = {"a": [1]}
    made = to_json(given_value)
    given_value["a"].append(2)
    assert made == {"a": [1]}


@pytest.mark.parametrize("value", [(math.nan, 1), {"a": (math.inf, (math.nan,))}])
def test_tuples_inside_plain_values_are_written_as_lists(value: Any) -> None:
    assert b'{"$float":"' in encode(value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"$float":"abc"}', b'{"$float":[1]}', b"[1] [2]", b"nul"])
def test_bytes_that_are_not_json_raise_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the callers turn any of them into CorruptData
        decode(data)
