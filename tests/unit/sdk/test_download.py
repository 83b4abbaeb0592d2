"""Downloads stay inside their folder whatever the manifest says and whatever lies there already."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from blake3 import blake3

from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, RollbookError, SourceUnreadable, StorageFull
from rollbook.model.manifest import Entry
from rollbook.sdk import download
from rollbook.sdk.transport import Transport


class Blobs:
    """A transport that knows only bytes. It keeps the promise of `fetch`: written beside the target, then renamed."""

    def __init__(self, *contents: bytes) -> None:
        self.known = {Digest("blake3", blake3(data).hexdigest()): data for data in contents}
        self.fetched: list[str] = []

    def fetch(self, items: Iterable[tuple[Digest, Path]], project: str, *, progress: Any = None) -> None:
        for digest, path in items:
            self.fetched.append(path.name)
            beside = path.with_name(path.name[:200] + ".part")
            beside.write_bytes(self.known[digest])
            beside.replace(path)


def entry(path: str, data: bytes, *, executable: bool = False) -> Entry:
    return Entry(path=path, digest=Digest("blake3", blake3(data).hexdigest()), size=len(data), executable=executable)


def reference(path: str, target: Path, checksum: str | None = None) -> Entry:
    known = checksum or "sha256:" + hashlib.sha256(target.read_bytes()).hexdigest()
    return Entry(path=path, kind="reference", uri=target.as_uri(), checksum=known, size=1)


def get(entries: list[Entry], root: Path, blobs: Blobs | None = None) -> Blobs:
    source = blobs or Blobs(b"one", b"two", b"evil")
    download.to_folder(entries, root, cast(Transport, source), "math", None)
    return source


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "canary").write_text("untouched")
    (tmp_path / "root-sibling").mkdir()
    (tmp_path / "root-sibling" / "canary").write_text("untouched")
    return tmp_path / "root"


def test_files_come_with_their_folders_and_modes(root: Path) -> None:
    get([entry("a.txt", b"one"), entry("d/e/run.sh", b"two", executable=True)], root)
    assert snapshot(root) == {"a.txt": b"one", "d/e/run.sh": b"two"}
    assert os.access(root / "d/e/run.sh", os.X_OK)
    assert not os.access(root / "a.txt", os.X_OK)


def test_what_is_right_already_is_kept_and_what_is_wrong_replaced(root: Path) -> None:
    entries = [entry("a.txt", b"one"), entry("b.txt", b"two")]
    get(entries, root)
    before = (root / "a.txt").stat()
    (root / "b.txt").write_bytes(b"twO")  # same size
    assert get(entries, root).fetched == ["b.txt"]
    assert snapshot(root) == {"a.txt": b"one", "b.txt": b"two"}
    assert ((root / "a.txt").stat().st_mtime_ns, (root / "a.txt").stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../canary",
            "../root-sibling/canary",
            "a/../../canary",
            "/tmp/canary",
            "//canary",
            "..",
            ".",
            "",
            "a//b",
            "./a",
        ),
        *("..\\canary", "C:\\canary", "a\x00", "a\n", "d/", "a/./b", "\ud800"),
    ],
    ids=ascii,
)
def test_a_hostile_manifest_writes_nothing_anywhere(root: Path, path: str) -> None:
    before = snapshot(root.parent)
    with pytest.raises(InvalidInput):
        get([entry("innocent.txt", b"one"), entry(path, b"evil")], root)
    assert snapshot(root.parent) == before


def test_a_linked_folder_inside_is_not_written_through(root: Path) -> None:
    root.mkdir()
    (root / "d").symlink_to(root.parent / "root-sibling")
    (root / "e").mkdir()
    (root / "e" / "f").symlink_to("../../root-sibling")
    before = snapshot(root.parent / "root-sibling")
    for path in ("d/canary", "d/new", "e/f/canary", "d/x/y"):
        with pytest.raises(InvalidInput, match="is a link"):
            get([entry(path, b"evil")], root)
    assert snapshot(root.parent / "root-sibling") == before


@pytest.mark.parametrize("executable", [False, True])
@pytest.mark.parametrize("kind", ["file", "reference"])
def test_a_linked_file_is_replaced_and_what_it_led_to_left_alone(root: Path, kind: str, executable: Any) -> None:
    root.mkdir()
    canary = root.parent / "canary"
    mode = canary.stat().st_mode
    (root / "a.txt").symlink_to(canary)
    (root.parent / "source").write_bytes(b"one")
    wanted = (
        entry("a.txt", b"one", executable=executable) if kind == "file" else reference("a.txt", root.parent / "source")
    )
    get([wanted], root)
    assert not (root / "a.txt").is_symlink()
    assert (root / "a.txt").read_bytes() == b"one"
    assert (canary.read_text(), canary.stat().st_mode) == ("untouched", mode)


def test_the_target_folder_itself_may_be_a_link(root: Path) -> None:
    root.symlink_to(root.parent / "root-sibling")
    get([entry("a.txt", b"one")], root)
    assert (root.parent / "root-sibling" / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize(
    ("standing", "path"),
    [("a", "a/b.txt"), ("a/b/c", "a/b"), ("", "a.txt")],
    ids=["file where a folder has to be", "folder where a file has to be", "file where the root has to be"],
)
def test_what_stands_in_the_way_is_named(root: Path, standing: str, path: str) -> None:
    (root / standing).parent.mkdir(parents=True, exist_ok=True)
    (root / standing).write_text("mine")
    with pytest.raises(InvalidInput) as caught:
        get([entry(path, b"one")], root)
    assert str(root) in caught.value.message
    assert (root / standing).read_text() == "mine"


def test_a_manifest_whose_paths_clash_is_refused(root: Path) -> None:
    with pytest.raises(InvalidInput):
        get([entry("a", b"one"), entry("a/b", b"two")], root)


@pytest.mark.parametrize("where", ["/proc/rollbook", "/sys/rollbook/deep"])
def test_a_folder_that_cannot_be_made_is_named(where: str) -> None:
    with pytest.raises(RollbookError, match="cannot be written"):
        get([entry("a", b"one")], Path(where))


def test_a_full_disk_is_said_to_be_full(root: Path) -> None:
    class Full(Blobs):
        def fetch(self, items: Iterable[tuple[Digest, Path]], project: str, *, progress: Any = None) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageFull, match="No space left"):
        get([entry("a", b"one")], root, Full())


def test_local_references_are_copied_when_they_are_what_was_recorded(root: Path) -> None:
    source = root.parent / "source file#1"
    source.write_bytes(b"data")
    get([reference("d/copy.csv", source)], root)
    assert (root / "d/copy.csv").read_bytes() == b"data"
    source.write_bytes(b"DATA")
    stale = reference("d/copy.csv", source, "sha256:" + hashlib.sha256(b"data").hexdigest())
    with pytest.raises(CorruptData, match="has changed"):
        get([stale], root)
    assert snapshot(root) == {"d/copy.csv": b"data"}, "the copy stays, and nothing half-written beside it"
    source.unlink()
    with pytest.raises(SourceUnreadable, match="leads nowhere"):
        get([stale], root)


def test_remote_references_are_left_where_they_are(root: Path) -> None:
    get([Entry(path="a.csv", kind="reference", uri="https://host/a.csv", checksum="etag:1")], root)
    assert snapshot(root) == {}


ENTRIES = [entry("a.txt", b"one"), entry("d/b.txt", b"two")]


def test_an_untouched_folder_is_the_version(root: Path) -> None:
    get(ENTRIES, root)
    download.check_folder(ENTRIES, root, "x:v0")


@pytest.mark.parametrize("damage", ["flipped", "cut", "extended", "missing", "extra", "swapped", "empty"])
def test_every_difference_of_a_folder_is_found(root: Path, damage: str) -> None:
    get(ENTRIES, root)
    target = root / "a.txt"
    match damage:
        case "flipped":
            target.write_bytes(b"onf")
        case "cut":
            target.write_bytes(b"on")
        case "extended":
            target.write_bytes(b"one ")
        case "missing":
            target.unlink()
        case "extra":
            (root / "d" / "new.txt").write_text("x")
        case "swapped":
            (root / "a.txt").write_bytes(b"two")
            (root / "d/b.txt").write_bytes(b"one")
        case _:
            target.write_bytes(b"")
    with pytest.raises(CorruptData) as caught:
        download.check_folder(ENTRIES, root, "x:v0")
    assert "x:v0" in caught.value.message
    assert ("d/new.txt" if damage == "extra" else "a.txt") in caught.value.message


def test_a_link_in_a_checked_folder_is_refused(root: Path) -> None:
    get(ENTRIES, root)
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to("d/b.txt")
    with pytest.raises(SourceUnreadable, match=r"a\.txt"):
        download.check_folder(ENTRIES, root, "x:v0")


def test_copied_references_are_checked_too(root: Path) -> None:
    source = root.parent / "source"
    source.write_bytes(b"data")
    entries = [reference("r.csv", source), Entry(path="far.csv", kind="reference", uri="s3://b/k", checksum="etag:1")]
    get(entries, root)
    download.check_folder(entries, root, "x:v0")
    (root / "r.csv").write_bytes(b"DATA")
    with pytest.raises(CorruptData, match=r"r\.csv differs"):
        download.check_folder(entries, root, "x:v0")
    (root / "r.csv").unlink()
    with pytest.raises(CorruptData, match=r"r\.csv is missing"):
        download.check_folder(entries, root, "x:v0")
