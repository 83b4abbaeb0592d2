"""The pseudonym formula is pinned by values worked out here a second time, from the text of the definition."""

from __future__ import annotations

import base64
import hashlib
import hmac
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.errors import InvalidInput
from rollbook.model.pseudonym import Key, is_pseudonym, key_id_of, pseudonym

KEY = Key(bytes(range(32)))


def by_definition(secret: bytes, normal: str) -> str:
    key_id = base64.b32encode(hashlib.sha256(b"rollbook key id\x00" + secret).digest()).decode().lower()[:8]
    mac = hmac.new(secret, b"student\x00" + normal.encode("utf-8"), hashlib.sha256).digest()[:16]
    return f"ps1_{key_id}_" + base64.b32encode(mac).decode().lower().strip("=")


def test_golden() -> None:
    assert KEY.key_id == "orlnbiql"
    assert pseudonym(KEY, "7") == "ps1_orlnbiql_shl7h3rst2oidw5kajy2s5rwzi"
    assert pseudonym(KEY, "Zoë") == "ps1_orlnbiql_i3mvamcwajzlyuzegnw3kjm5a4"


@given(st.integers())
def test_integers_and_their_digits_are_one_student(number: int) -> None:
    assert pseudonym(KEY, number) == pseudonym(KEY, str(number)) == by_definition(KEY.secret, str(number))


@pytest.mark.parametrize("raw", ["7", " 7\t", "７", "\u00a07\u3000"])
def test_space_and_width_do_not_make_another_student(raw: str) -> None:
    assert pseudonym(KEY, raw) == by_definition(KEY.secret, "7")


def test_composed_and_decomposed_letters_are_one_student() -> None:
    assert pseudonym(KEY, "Zoe\u0308") == pseudonym(KEY, "Zoë")


@pytest.mark.parametrize("raw", ["07", "7a", "12.3", "1e5", "-7", "a.0", "7.5", "Ünï"])
def test_other_texts_are_other_students(raw: str) -> None:
    assert pseudonym(KEY, raw) == by_definition(KEY.secret, raw)
    assert pseudonym(KEY, raw) != pseudonym(KEY, "7")


@pytest.mark.parametrize("raw", [7.0, 7.5, float("nan"), True, None, b"7", Decimal(7), "", "  ", "\u3000"])
def test_refused_values(raw: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        pseudonym(KEY, raw)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize("raw", ["7.0", "7.", "-7.00", "1.2E+10", "1E+5"])
def test_text_that_a_float_was_printed_as_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput, match="float"):
        pseudonym(KEY, raw)


def test_half_a_surrogate_pair_and_long_ids_are_refused() -> None:
    for raw in ("a\ud800", "x" * 1025):
        with pytest.raises(InvalidInput):
            pseudonym(KEY, raw)


@given(st.text(max_size=60))
def test_every_accepted_text_gives_a_well_formed_pseudonym(raw: str) -> None:
    try:
        name = pseudonym(KEY, raw)
    except InvalidInput:
        return
    assert is_pseudonym(name)
    assert key_id_of(name) == KEY.key_id
    assert len(name) == 39


def test_another_key_gives_other_names() -> None:
    other = Key(b"x" * 32)
    assert pseudonym(other, "7") != pseudonym(KEY, "7")
    assert key_id_of(pseudonym(other, "7")) != KEY.key_id


@pytest.mark.parametrize(
    "text", ["", "7", "ps1_", "ps1_aaaaaaaa_" + "a" * 25, "ps1_aaaaaaaa_" + "a" * 26 + "\n", "PS1_aaaaaaaa_" + "A" * 26]
)
def test_what_is_no_pseudonym(text: str) -> None:
    assert not is_pseudonym(text)
    with pytest.raises(InvalidInput):
        key_id_of(text)


def test_a_key_never_shows_its_secret() -> None:
    secret = b"very secret bytes, thirty-two of"
    key = Key(secret)
    for text in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert "very" not in text
        assert key.key_id in text


def test_short_secrets_are_refused() -> None:
    with pytest.raises(InvalidInput, match="5 bytes"):
        Key(b"short")
