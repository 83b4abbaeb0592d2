from __future__ import annotations

import pytest
import zstandard
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs import kinds
from rollbook.blobs.codec import Encoder, decode
from rollbook.model.errors import CorruptData, UnsupportedFormat


def encoded(plain: bytes):
    return Encoder().encode(blake3(plain).digest(), plain)


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_round_trip(piece: bytes, times: int):
    plain = piece * times
    entry = encoded(plain)
    assert bytes(decode(entry.kind, entry.payload, entry.plain, "it")) == plain
    assert entry.stored_digest == blake3(entry.payload).digest()


def test_compresses_only_where_it_pays(noise):
    assert encoded(b"grade,student\n" * 1000).kind == kinds.ZSTD
    assert encoded(noise(65536)).kind == kinds.RAW
    assert encoded(b"a" * 63).kind == kinds.RAW


def test_raw_is_not_copied(noise):
    view = memoryview(noise(1000))
    assert Encoder().encode(b"", view).payload is view


def test_tries_seldom_where_it_never_pays_and_again_where_it_does(noise):
    encoder = Encoder()
    made = [encoder.encode(b"", noise(1000, seed)).kind for seed in range(20)]
    made += [encoder.encode(b"", b"grade," * 1000).kind for _ in range(9)]
    assert made[:20] == [kinds.RAW] * 20
    assert made[20:] == [kinds.RAW] * 4 + [kinds.ZSTD] * 5


@pytest.mark.parametrize("kind", [kinds.RECIPE, kinds.DELTA, kinds.SEALED, 77])
def test_refuses_kinds_it_cannot_read_by_name(kind: int):
    with pytest.raises(UnsupportedFormat, match=f"kind {kind}"):
        decode(kind, b"", 0, "entry x")


def test_refuses_a_frame_that_states_another_length():
    with pytest.raises(CorruptData, match="another length"):
        decode(kinds.ZSTD, zstandard.compress(b"a" * 100), 99, "entry x")


def test_refuses_what_is_no_frame():
    with pytest.raises(CorruptData, match="entry x is damaged"):
        decode(kinds.ZSTD, b"not zstandard at all", 5, "entry x")


def test_refuses_a_cut_off_frame(noise):
    frame = zstandard.compress(noise(5000))
    with pytest.raises(CorruptData):
        decode(kinds.ZSTD, frame[:-10], 5000, "entry x")
