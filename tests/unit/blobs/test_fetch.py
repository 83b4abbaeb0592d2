from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rollbook.blobs import Blobs, MemoryStore
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound, Unavailable


@pytest.fixture
def many(blobs: Blobs, noise) -> list[tuple[Digest, bytes]]:
    contents = [noise(seed * 37 % 5000, seed) for seed in range(300)] + [noise(2_500_000, 7), b"zip" * 800_000]
    with blobs.writer() as writer:
        infos = [writer.add_bytes(data) for data in contents]
        writer.commit()
    return [(info.digest, data) for info, data in zip(infos, contents, strict=True)]


def test_many_files_of_many_sizes(blobs: Blobs, many, tmp_path):
    items = [(digest, tmp_path / f"{number % 7}" / f"{number}") for number, (digest, _) in enumerate(many)]
    seen: list[int] = []
    blobs.fetch(items, progress=seen.append)
    assert [path.read_bytes() for _, path in items] == [data for _, data in many]
    assert sum(seen) == sum(len(data) for _, data in many)
    assert len(list(tmp_path.rglob("*"))) == len(items) + 7


def test_what_is_there_is_replaced_at_once(blobs: Blobs, many, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with target.open("rb") as old:
        blobs.fetch([(many[1][0], target)])
        assert old.read() == b"old"
    assert target.read_bytes() == many[1][1]


def test_a_link_is_replaced_not_followed(blobs: Blobs, many, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(victim)
    blobs.fetch([(many[1][0], tmp_path / "link")])
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()


def test_modes_follow_the_umask(blobs: Blobs, many, tmp_path):
    blobs.fetch([(many[1][0], tmp_path / "one")])
    (tmp_path / "other").touch()
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.parametrize("bad", [3, 300])
def test_one_damaged_blob_stops_and_leaves_no_temporary_files(blobs: Blobs, store: MemoryStore, many, tmp_path, bad):
    (name,) = (name for name in store.objects if name.endswith(".pack"))
    store.objects[name] = store.objects[name].replace(many[bad][1][:100], bytes(100))
    with pytest.raises(CorruptData):
        blobs.fetch([(digest, tmp_path / str(number)) for number, (digest, _) in enumerate(many)])
    assert not (tmp_path / str(bad)).exists()
    assert not list(tmp_path.glob(".*"))
    for path in tmp_path.iterdir():
        assert path.read_bytes() == many[int(path.name)][1]


def test_unknown_among_known(blobs: Blobs, many, tmp_path):
    with pytest.raises(NotFound):
        blobs.fetch([(many[0][0], tmp_path / "0"), (Digest("blake3", "0" * 64), tmp_path / "1")])
    assert not (tmp_path / "1").exists()


@pytest.mark.parametrize("number", [1, 300])
def test_a_target_that_cannot_be_written(blobs: Blobs, many, tmp_path, number: int):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder", tmp_path / "file" / "below", tmp_path / "x" / ("n" * 300)):
        with pytest.raises(Unavailable) as caught:
            blobs.fetch([(many[number][0], path)])
        assert caught.value.hint
    assert (tmp_path / "folder").is_dir()
    assert not list(tmp_path.rglob("*.part"))


def test_long_names(blobs: Blobs, many, tmp_path):
    """The temporary name beside the target must not be too long when the target's own just fits."""
    for name in ("n" * 255, "é" * 127, "字" * 85, "😀" * 63):
        blobs.fetch([(many[1][0], tmp_path / name)])
        assert (tmp_path / name).read_bytes() == many[1][1]


@pytest.mark.parametrize("kind", ["raw", "zstd"])
def test_a_damaged_copy_among_small_files_is_replaced_by_a_good_one(store: MemoryStore, noise, tmp_path, kind: str):
    contents = [noise(3000, seed) if kind == "raw" else b"%d " % seed * 1000 for seed in range(40)]
    with Blobs(store).writer() as one, Blobs(store).writer() as two:
        infos = [one.add_bytes(data) for data in contents]
        for data in reversed(contents):
            two.add_bytes(data)
        one.commit()
        two.commit()
    packs = sorted(name for name in store.objects if name.endswith(".pack"))
    assert len(packs) == 2
    for name in packs:
        half = len(store.objects[name]) // 3
        store.objects[name] = store.objects[name][:half] + b"!" + store.objects[name][half + 1 :]
    items = [(info.digest, tmp_path / str(number)) for number, info in enumerate(infos)]
    Blobs(store).fetch(items)
    assert [path.read_bytes() for _, path in items] == contents


def test_files_of_many_folders_in_any_order(blobs: Blobs, many, tmp_path):
    items = [(digest, tmp_path / f"{number % 11}" / f"{number}") for number, (digest, _) in enumerate(many)]
    blobs.fetch([*items[::3], *items[1::3], *items[2::3]])
    assert [path.read_bytes() for _, path in items] == [data for _, data in many]


def test_paths_may_be_relative(blobs: Blobs, many, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    blobs.fetch([(many[1][0], Path("one")), (many[300][0], Path("large")), (many[2][0], Path("sub/two"))])
    assert Path("one").read_bytes() == many[1][1]
    assert Path("large").read_bytes() == many[300][1]
    assert Path("sub/two").read_bytes() == many[2][1]
