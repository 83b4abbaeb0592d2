"""The shape of keys is a promise: to scanners, to `wandb login`, and to every script that holds one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model import apikey
from rollbook.model.errors import InvalidInput

RANDOM = st.binary(min_size=apikey.RANDOM_BYTES, max_size=apikey.RANDOM_BYTES)
PEPPER = b"p" * 32
# What the wandb client asks of a key: an optional prefix up to the first dash, then 40 characters or more.
WANDB = re.compile(r"(?:[^-]*-)?[\w-]{40,}\Z", re.ASCII)


@given(RANDOM)
def test_a_key_has_the_shape_that_others_expect(random: bytes) -> None:
    key = apikey.make(random)
    assert WANDB.match(key.text)
    assert re.fullmatch(r"rb-[0-9A-Za-z]{57}", key.text)
    assert key.text.startswith(f"rb-{key.public_id}")
    assert apikey.parse(key.text) == key


def test_a_key_never_changes_its_spelling() -> None:
    made = apikey.make(bytes(range(apikey.RANDOM_BYTES)))
    assert made.text == "rb-UyNnS4W7003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3LjWq8"


@given(RANDOM, RANDOM)
def test_two_keys_are_as_unlike_as_their_randomness(one: bytes, other: bytes) -> None:
    same_secret = one[:32] == other[:32]
    assert (apikey.make(one).text[11:54] == apikey.make(other).text[11:54]) == same_secret


@given(RANDOM, st.integers(3, 59), st.sampled_from("0aZ9-_ \n\x00\xe9"))
def test_a_changed_letter_is_no_key(random: bytes, position: int, letter: str) -> None:
    text = apikey.make(random).text
    changed = text[:position] + letter + text[position + 1 :]
    assert changed == text or apikey.parse(changed) is None


@given(st.text(max_size=80))
def test_any_other_text_is_no_key(text: str) -> None:
    assert apikey.parse(text) is None


def test_a_key_does_not_show_itself() -> None:
    key = apikey.make(b"\x07" * apikey.RANDOM_BYTES)
    assert key.text not in f"{key} {key!r} {[key]}"


@given(RANDOM, RANDOM)
def test_only_the_key_matches_what_is_kept_of_it(one: bytes, other: bytes) -> None:
    text, wrong = apikey.make(one).text, apikey.make(other).text
    kept = apikey.hash_of(text, PEPPER)
    assert apikey.matches(kept, text, PEPPER)
    assert not apikey.matches(kept, text, b"q" * 32)
    assert apikey.matches(kept, wrong, PEPPER) == (text == wrong)
    assert text not in kept


def test_the_hash_is_hmac_sha_256() -> None:
    # RFC 4231, test case 2.
    assert apikey.hash_of("what do ya want for nothing?", b"Jefe") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@pytest.mark.parametrize(
    "text", ["0123456789abcdef" * 2 + "01234567", "local-" + "a1b2c3d4" * 5, "wandb_v1_" + "Ab3-_" * 17]
)
def test_keys_of_wandb_can_be_adopted(text: str) -> None:
    assert apikey.check_foreign(text) == text


@pytest.mark.parametrize(
    "text", ["", "short", "a" * 40, "0123456789abcdef" * 33, "0123456789abcdef" * 3 + " ", "\xe9" + "0123456789" * 4]
)
def test_what_is_no_secret_cannot(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        apikey.check_foreign(text)
    assert not text or text not in str(caught.value)


def test_a_key_of_our_own_cannot_be_adopted() -> None:
    with pytest.raises(InvalidInput, match="own shape"):
        apikey.check_foreign(apikey.make(b"\x07" * apikey.RANDOM_BYTES).text)
