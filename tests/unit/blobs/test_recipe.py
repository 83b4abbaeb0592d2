from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs.recipe import Recipe, RecipeBuilder
from rollbook.model.errors import CorruptData


def build(sizes: list[int]) -> RecipeBuilder:
    builder = RecipeBuilder()
    for number, size in enumerate(sizes):
        builder.add(bytes([number % 256]) * 32, size)
    return builder


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.data())
def test_pieces_cover_exactly_the_range(sizes: list[int], data: st.DataObject):
    total = sum(sizes)
    start = data.draw(st.integers(0, total))
    stop = data.draw(st.integers(start, total))
    recipe = Recipe(build(sizes).payload, total, "it")
    position = [sum(sizes[:number]) for number in range(len(sizes))]
    wanted = []
    for piece in recipe.pieces(start, stop):
        number = piece.digest[0]
        assert piece.size == sizes[number]
        wanted += range(position[number] + piece.start, position[number] + piece.stop)
    assert wanted == list(range(start, stop))


def test_refuses_another_total():
    with pytest.raises(CorruptData, match="describes 6 bytes, expected 7"):
        Recipe(build([1, 2, 3]).payload, 7, "the recipe")


def test_refuses_half_a_piece():
    with pytest.raises(CorruptData, match="whole number"):
        Recipe(build([1, 2, 3]).payload[:-1], 6, "the recipe")


def test_layout_is_as_documented():
    assert build([258]).payload == bytes(32) + b"\x02\x01\x00\x00"
