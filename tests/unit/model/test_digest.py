"""Digests are values with an algorithm; anything else is refused where it enters."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_golden() -> None:
    assert str(Digest.sha256(b"")) == f"sha256:{EMPTY}"
    assert Digest.sha256(b"").short == EMPTY[:12]


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["sha256", "blake3", "blake3-keyed", "blake3-table"]))
def test_text_and_raw_bytes_read_back(raw: bytes, algorithm: str) -> None:
    digest = Digest.of_raw(algorithm, raw)  # type: ignore[arg-type]
    assert Digest.parse(str(digest)) == digest
    assert digest.raw == raw
    assert msgspec.convert(msgspec.to_builtins(digest), Digest) == digest


@given(st.binary(max_size=100))
def test_sha256_is_that_of_the_standard_library(data: bytes) -> None:
    assert Digest.sha256(data).raw == hashlib.sha256(data).digest()


def test_the_algorithm_is_part_of_the_value() -> None:
    assert Digest("sha256", EMPTY) != Digest("blake3", EMPTY)
    assert len({Digest("sha256", EMPTY), Digest("blake3", EMPTY), Digest("sha256", EMPTY)}) == 2


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "sha256",
            "sha256:",
            EMPTY,
            f"md5:{EMPTY}",
            f"SHA256:{EMPTY}",
            f"sha256:{EMPTY.upper()}",
            f" sha256:{EMPTY}",
        ),
        *(f"sha256:{EMPTY[:63]}", f"sha256:{EMPTY}0", f"sha256:{EMPTY}\n", f"sha256:{'g' * 64}", "sha256:../../canary"),
        *(f"sha256:{'１' * 64}", f"sha256:{EMPTY}:x", f":{EMPTY}", "sha256:" + "0" * 100_000),
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Digest.parse(text)
    assert caught.value.hint
    assert len(caught.value.message) < 1000


def test_a_wrong_number_of_raw_bytes_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Digest.of_raw("blake3", b"short")
