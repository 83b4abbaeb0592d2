"""Cut points decide what is found again: they must never move."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise

from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs.chunker import AVERAGE, MAXIMUM, MINIMUM, cut

GOLDEN_ENDS = [
    51112,
    133048,
    181728,
    374564,
    395309,
    469752,
    625500,
    696955,
    723670,
    779358,
    801757,
    884755,
    961853,
    990733,
    1083163,
    1155941,
    1267836,
    1335024,
    1438483,
    1519661,
    1559645,
    1593044,
    1735176,
    1818614,
    2012411,
    2066615,
    2097152,
]
GOLDEN_TEXT = [80206, 165079, 289624, 402909, 457960, 505628, 568087, 649048, 741313, 846926, 860870]


def ends(data: bytes) -> list[int]:
    return list(accumulate(len(chunk) for chunk in cut(memoryview(data), final=True)))


def windowed(data: bytes, window: int) -> list[int]:
    """Cut as the writer does: window by window, what is left over goes in front of the next."""
    sizes: list[int] = []
    rest = b""
    for start in range(0, len(data), window):
        piece = rest + data[start : start + window]
        chunks = [len(chunk) for chunk in cut(memoryview(piece), final=start + window >= len(data))]
        sizes += chunks
        rest = piece[sum(chunks) :]
    assert rest == b""
    return list(accumulate(sizes))


def test_cut_points_of_seeded_bytes_are_golden():
    data = random.Random(2026).randbytes(2 * 1024 * 1024)
    assert blake3(data).hexdigest().startswith("9d12cfaa4de9b8f1")
    assert ends(data) == GOLDEN_ENDS


def test_cut_points_of_text_are_golden():
    text = b"".join(b"%d,student-%d,%d\n" % (row, row * 7919 % 9973, row * row % 101) for row in range(40_000))
    assert ends(text) == GOLDEN_TEXT


def test_sizes_stay_within_bounds():
    cuts = ends(random.Random(1).randbytes(8_000_000))
    sizes = [end - start for start, end in pairwise([0, *cuts])]
    assert all(MINIMUM <= size <= MAXIMUM for size in sizes[:-1])
    assert 0.8 * AVERAGE < sum(sizes) / len(sizes) < 1.6 * AVERAGE


@given(st.integers(0, 2_000_000), st.integers(MAXIMUM, 1_500_000), st.integers(0, 3))
def test_windows_do_not_move_cut_points(size: int, window: int, seed: int):
    data = random.Random(seed).randbytes(size)
    assert windowed(data, window) == ends(data)


@given(st.integers(300_000, 1_500_000), st.integers(0, 300_000), st.binary(min_size=1, max_size=300))
def test_an_insertion_moves_few_cut_points(size: int, at: int, inserted: bytes):
    data = random.Random(5).randbytes(size)
    edited = data[:at] + inserted + data[at:]
    before = {blake3(chunk).digest() for chunk in cut(memoryview(data), final=True)}
    after = {blake3(chunk).digest() for chunk in cut(memoryview(edited), final=True)}
    assert len(after - before) <= 8


def test_nothing_is_not_cut():
    assert ends(b"") == []
