"""Drafts: what may be added, under which path, and what a draft remembers until it is logged."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, InvalidName, InvalidReference, NotFound, SourceUnreadable
from rollbook.model.manifest import Entry, file_entry
from rollbook.sdk.artifact import Artifact, FilePart, TablePart

INHERITED = (file_entry("a.txt", Digest("blake3", "a" * 64), 1), file_entry("d/b.txt", Digest("blake3", "b" * 64), 1))


@pytest.fixture
def draft() -> Artifact:
    return Artifact("student_data", "dataset")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("student,score\n1,0.5\n")
    return path


def part(draft: Artifact, path: str) -> FilePart:
    found = draft.parts[path]
    assert isinstance(found, FilePart)
    return found


def test_a_name_may_state_its_number() -> None:
    draft = Artifact("student_data:v3", "dataset", {"rows": 7}, "text", "pseudonymous")
    assert (draft.collection, draft.stated_number) == ("student_data", 3)
    assert draft.name == "student_data"
    assert (draft.metadata, draft.description, draft.data_class) == ({"rows": 7}, "text", "pseudonymous")


@pytest.mark.parametrize("name", ["", "a/b", "a:champion", "a:v1:v2", "../x", "é", "a:v01"])
def test_names_that_are_no_names(name: str) -> None:
    with pytest.raises(InvalidReference):
        Artifact(name, "dataset")


@pytest.mark.parametrize(
    ("name", "kind"), [("latest", "dataset"), ("v1", "dataset"), ("v1:v1", "x"), ("a", ""), ("a", "b/c")]
)
def test_reserved_names_and_bad_types(name: str, kind: str) -> None:
    with pytest.raises(InvalidName):
        Artifact(name, kind)


def test_an_unknown_data_class_is_refused() -> None:
    with pytest.raises(InvalidInput, match="secret"):
        Artifact("a", "dataset", data_class="secret")


def test_metadata_is_copied_and_must_be_json() -> None:
    given_metadata: dict[str, Any] = {"rows": 1}
    draft = Artifact("a", "dataset", given_metadata)
    given_metadata["rows"] = 2
    assert draft.sealed_metadata() == {"rows": 1}
    draft.metadata["seen"] = {1, 2}
    with pytest.raises(InvalidInput, match=r"metadata\.seen is a set"):
        draft.sealed_metadata()


def test_a_file_keeps_its_own_name_or_gets_one(draft: Artifact, source: Path) -> None:
    draft.add_file(source)
    draft.add_file(str(source), "raw/2026.csv")
    assert list(draft.parts) == ["data.csv", "raw/2026.csv"]
    assert part(draft, "raw/2026.csv").source == str(source)


def test_a_link_given_by_name_is_followed_and_keeps_its_own_name(draft: Artifact, tmp_path: Path, source: Path) -> None:
    (tmp_path / "model.bin").symlink_to(source)
    draft.add_file(tmp_path / "model.bin")
    assert part(draft, "model.bin").source == str(source)


def test_a_file_is_found_again_from_another_working_directory(
    draft: Artifact, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    draft.add_file("data.csv")
    monkeypatch.chdir("/")
    assert part(draft, "data.csv").source == str(source)


def test_declared_columns_are_kept_in_their_order(draft: Artifact, source: Path) -> None:
    draft.add_file(source, columns={"student": "string", "score": "float64"})
    assert part(draft, "data.csv").columns == (
        {"name": "student", "type": "string"},
        {"name": "score", "type": "float64"},
    )


def test_what_is_no_regular_file_is_refused_by_name(draft: Artifact, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, why in {
        "missing.csv": "does not exist",
        "dangling": "does not exist",
        "loop": "cannot be read",
        "pipe": "not a regular file",
        ".": "is a folder",
        "nul\0": "cannot be read",
        "x" * 300: "cannot be read",
        "half\ud800": "cannot be read",
    }.items():
        with pytest.raises(SourceUnreadable, match=why) as caught:
            draft.add_file(str(tmp_path / name))
        assert caught.value.hint
        str(caught.value).encode()
    assert draft.parts == {}


@pytest.mark.parametrize("path", ["../x", "/x", "a/../b", "a\\b", "a\nb", "C:x"])
def test_paths_inside_a_version_are_checked_for_every_kind_of_part(draft: Artifact, source: Path, path: str) -> None:
    with pytest.raises(InvalidInput):
        draft.add_file(source, path)
    with pytest.raises(InvalidInput):
        draft.add([1], path)
    with pytest.raises(InvalidInput):
        draft.add_reference("s3://b/k", path, checksum="etag:1")
    with pytest.raises(InvalidInput), draft.new_file(path):
        pytest.fail("it was opened")
    with pytest.raises(InvalidInput):
        draft.add_dir(source.parent, path)
    assert draft.parts == {}


def test_a_path_is_taken_once(draft: Artifact, source: Path) -> None:
    draft.add_file(source)
    with pytest.raises(InvalidInput, match="added before") as caught:
        draft.add_file(source, "data.csv")
    assert "overwrite=True" in caught.value.hint
    draft.add_reference("s3://b/data.csv", checksum="etag:1", overwrite=True)
    assert isinstance(draft.parts["data.csv"], Entry)


def test_a_folder_is_added_with_all_its_files(draft: Artifact, tmp_path: Path) -> None:
    for name in ("b.csv", "a/x.csv", "a/deep/er/y.csv", ".hidden"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(name)
    (tmp_path / "data" / "empty").mkdir()
    draft.add_dir(tmp_path / "data")
    assert list(draft.parts) == [".hidden", "a/deep/er/y.csv", "a/x.csv", "b.csv"]
    draft.add_dir(str(tmp_path / "data" / "a"), name="second/")
    assert sorted(draft.parts)[-2:] == ["second/deep/er/y.csv", "second/x.csv"]


def test_a_folder_is_added_whole_or_not_at_all(draft: Artifact, tmp_path: Path) -> None:
    for name in ("a.csv", "z.csv"):
        (tmp_path / name).write_text(name)
    draft.add_file(tmp_path / "z.csv")
    before = dict(draft.parts)
    with pytest.raises(InvalidInput, match=r"z\.csv"):
        draft.add_dir(tmp_path)
    assert draft.parts == before
    draft.add_dir(tmp_path, overwrite=True)
    assert sorted(draft.parts) == ["a.csv", "z.csv"]


def test_frames_become_parquet(draft: Artifact) -> None:
    frame = object()
    draft.add(frame, "scores")
    draft.add(frame, "more/scores.parquet")
    assert list(draft.parts) == ["scores.parquet", "more/scores.parquet"]
    assert cast(TablePart, draft.parts["scores.parquet"]).frame is frame


def test_a_new_file_is_added_when_its_block_ends(draft: Artifact) -> None:
    with draft.new_file("notes/réadme.txt") as stream:
        stream.write("é\n")
        assert draft.parts == {}
    with draft.new_file("raw.bin", "wb") as stream:
        stream.write(b"\x00\xff")
    assert Path(part(draft, "notes/réadme.txt").source).read_bytes() == "é\n".encode()
    assert Path(part(draft, "raw.bin").source).read_bytes() == b"\x00\xff"


def test_a_new_file_is_not_added_when_its_block_fails(draft: Artifact) -> None:
    with pytest.raises(ZeroDivisionError), draft.new_file("a.txt") as stream:
        stream.write(str(1 / 0))
    assert draft.parts == {}
    with draft.new_file("a.txt", "x") as stream:
        stream.write("whole")
    assert Path(part(draft, "a.txt").source).read_text() == "whole"


def test_new_files_of_one_last_name_do_not_overwrite_each_other(draft: Artifact, source: Path) -> None:
    draft.add_file(source)
    with draft.new_file("one/a.txt") as stream:
        stream.write("one")
    draft.remove("data.csv")
    with draft.new_file("two/a.txt") as outer, draft.new_file("three/a.txt") as inner:
        outer.write("two")
        inner.write("three")
    assert {path: Path(part(draft, path).source).read_text() for path in draft.parts} == {
        "one/a.txt": "one",
        "two/a.txt": "two",
        "three/a.txt": "three",
    }


def test_a_taken_path_is_refused_before_anything_is_written(draft: Artifact, source: Path) -> None:
    draft.add_file(source)
    with pytest.raises(InvalidInput, match="added before"), draft.new_file("data.csv"):
        pytest.fail("it was opened")


@pytest.mark.parametrize("mode", ["r", "a", "r+", "w+", "wt", ""])
def test_modes_that_do_not_write_a_new_file(draft: Artifact, mode: str) -> None:
    with pytest.raises(InvalidInput, match="mode"), draft.new_file("a.txt", mode):
        pytest.fail("it was opened")


def test_staged_files_go_with_their_draft() -> None:
    draft = Artifact("a", "dataset")
    with draft.new_file("a.txt") as stream:
        stream.write("x")
    staged = Path(part(draft, "a.txt").source)
    assert staged.exists()
    del draft
    gc.collect()
    assert not staged.exists()


def test_files_and_folders_can_be_taken_out(draft: Artifact, source: Path) -> None:
    for path in ("a/x", "a/b/y", "ab", "c"):
        draft.add_file(source, path)
    draft.remove("a/")
    assert list(draft.parts) == ["ab", "c"]
    draft.remove("c")
    for missing in ("c", "a", "b", ""):
        with pytest.raises(NotFound, match="draft of 'student_data'"):
            draft.remove(missing)
    assert list(draft.parts) == ["ab"]


def test_parts_of_a_parent_can_be_replaced_once_without_asking(draft: Artifact, source: Path) -> None:
    draft.inherit(INHERITED)
    assert sorted(draft.parts) == ["a.txt", "d/b.txt"]
    draft.add_file(source, "a.txt")
    with pytest.raises(InvalidInput, match="added before"):
        draft.add_file(source, "a.txt")
    draft.remove("d")
    draft.add_file(source, "d/b.txt")
    with pytest.raises(InvalidInput, match="added before"):
        draft.add_file(source, "d/b.txt")


def test_tags_are_checked(draft: Artifact) -> None:
    assert draft.tag("good", " better ") is draft
    assert draft.tags == ["good", "better"]
    with pytest.raises(InvalidName):
        draft.tag("checked:gender")


def test_a_draft_that_was_not_logged_has_nothing_to_wait_for(draft: Artifact) -> None:
    with pytest.raises(InvalidInput, match="was not logged"):
        draft.wait()


class Logged:
    name = "student_data:v0"


def test_a_logged_draft_takes_nothing_more(draft: Artifact, source: Path) -> None:
    draft.add_file(source)
    draft.logged = cast(Any, Logged())
    assert draft.name == "student_data:v0"
    attempts = [
        lambda: draft.add_file(source, "b"),
        lambda: draft.add_dir(source.parent, "c"),
        lambda: draft.add([1], "d"),
        lambda: draft.add_reference("s3://b/e", checksum="etag:1"),
        lambda: draft.remove("data.csv"),
        lambda: draft.new_file("f").__enter__(),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidInput, match="never changes") as caught:
            attempt()
        assert "new_draft" in caught.value.hint
    assert list(draft.parts) == ["data.csv"]


PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/f"])
STEPS = st.tuples(st.sampled_from(["add", "overwrite", "remove"]), PATHS | st.just("d"))


@given(st.lists(STEPS, max_size=15))
def test_a_draft_is_a_dictionary_with_manners(steps: list[tuple[str, str]]) -> None:
    draft = Artifact("a", "dataset")
    model: dict[str, str] = {}
    for count, (step, path) in enumerate(steps):
        uri = f"s3://b/{count}"
        try:
            if step == "remove":
                gone = [known for known in model if known == path or known.startswith(path + "/")]
                draft.remove(path)
                assert gone
                for known in gone:
                    del model[known]
            else:
                draft.add_reference(uri, path, checksum=False, overwrite=step == "overwrite")
                assert step == "overwrite" or path not in model
                model[path] = uri
        except NotFound:
            assert not gone  # pyright: ignore[reportPossiblyUnbound]
        except InvalidInput:
            assert path in model
    assert {path: cast(Entry, item).uri for path, item in draft.parts.items()} == model
