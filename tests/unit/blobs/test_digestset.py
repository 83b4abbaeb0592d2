from __future__ import annotations

import threading
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs import DigestSet


def named(number: int) -> bytes:
    return blake3(number.to_bytes(4, "little")).digest()


def add(found: DigestSet, numbers: range | list[int], mark: str, *, anew: bool = False) -> None:
    with found.alone():
        found.extend(map(named, numbers), mark, anew=anew)


def test_a_new_set_is_empty_and_makes_no_folder(tmp_path: Path) -> None:
    found = DigestSet(tmp_path / "set")
    assert found.mark == ""
    assert found.find([named(1)]) == set()
    assert not (tmp_path / "set").exists()


@given(batches=st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=20))
def test_it_holds_what_was_added(tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("set")
    for number, batch in enumerate(batches):
        add(DigestSet(folder), batch, f"mark{number}")
        assert DigestSet(folder).mark == f"mark{number}"
    expected = {named(one) for batch in batches for one in batch}
    assert DigestSet(folder).find([named(one) for one in range(61)]) == expected
    stored = [path for path in folder.iterdir() if path.suffix == ".digests"]
    assert len(stored) <= 7
    assert sum(path.stat().st_size for path in stored) == 32 * len(expected)


def test_anew_forgets_and_removes(tmp_path: Path) -> None:
    found = DigestSet(tmp_path)
    add(found, range(100), "one")
    add(found, [1000], "two", anew=True)
    assert found.find([named(5), named(1000)]) == {named(1000)}
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", "", ".digests"]


def test_a_part_that_was_cut_off_makes_it_new(tmp_path: Path) -> None:
    found = DigestSet(tmp_path)
    add(found, range(100), "one")
    (part,) = tmp_path.glob("*.digests")
    part.write_bytes(part.read_bytes()[:-1])
    assert found.find([named(5)]) == set()
    assert found.mark == ""


@pytest.mark.parametrize("content", [b"", b"{", b'{"parts": 7}'])
def test_a_damaged_list_makes_it_new(tmp_path: Path, content: bytes) -> None:
    found = DigestSet(tmp_path)
    add(found, range(10), "one")
    (tmp_path / "list").write_bytes(content)
    assert (found.mark, found.find([named(5)])) == ("", set())


def test_readers_never_miss_while_parts_are_merged(tmp_path: Path) -> None:
    found = DigestSet(tmp_path)
    add(found, range(10), "start")
    stop = threading.Event()
    missed: list[int] = []

    def read() -> None:
        while not stop.is_set():
            missed.extend([1] * (10 - len(DigestSet(tmp_path).find([named(one) for one in range(10)]))))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        add(found, range(10 + number * 5, 15 + number * 5), str(number))
    stop.set()
    reader.join()
    assert missed == []
