"""From `name:vN` or a path to a draft, as the user's guide writes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import pytest

from rollbook.model.errors import InvalidInput, InvalidName, InvalidReference, SourceUnreadable
from rollbook.sdk.artifact import Artifact, FilePart
from rollbook.sdk.sources import draft, known_size


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)


def told(made: Artifact) -> tuple[str, int | None, list[str]]:
    return made.collection, made.stated_number, list(made.parts)


@pytest.mark.parametrize(
    ("files", "source", "expected"),
    [
        (["student_data.csv"], "student_data:v0", ("student_data", 0, ["student_data.csv"])),
        (["student_data.csv"], "student_data", ("student_data", None, ["student_data.csv"])),
        (["student_data"], "student_data:v3", ("student_data", 3, ["student_data"])),
        (["student_data/a.csv", "student_data/b/c.csv"], "student_data:v1", ("student_data", 1, ["a.csv", "b/c.csv"])),
        (["m/a.csv", "m.csv"], "m:v1", ("m", 1, ["a.csv"])),  # the exact name wins
        (["m.tar.gz"], "m:v1", ("m", 1, ["m.tar.gz"])),
        (["m.csv", "m.csv~", "mm.csv", "m2.csv"], "m", ("m", None, ["m.csv"])),
        (["a.b.c"], "a.b:v2", ("a.b", 2, ["a.b.c"])),
        (["data/train.csv"], "data/train.csv", ("train", None, ["train.csv"])),
        (["data/train.csv"], "./data", ("data", None, ["train.csv"])),
        (["model.json"], "model.json", ("model", None, ["model.json"])),
    ],
)
def test_what_a_source_names(files: list[str], source: str, expected: tuple[str, int | None, list[str]]) -> None:
    write(*files)
    assert told(draft(source, None, "dataset")) == expected


def test_a_path_with_a_name_of_its_own() -> None:
    write("data/train.csv")
    assert told(draft("data/train.csv", "student_data:v2", "dataset")) == ("student_data", 2, ["train.csv"])
    assert told(draft(Path("data"), "student_data", "dataset")) == ("student_data", None, ["train.csv"])
    assert told(draft(Path("data/train.csv"), None, "dataset")) == ("train", None, ["train.csv"])


def test_the_facts_of_a_draft_are_passed_on() -> None:
    write("a.csv")
    made = draft("a", None, "model", metadata={"x": 1}, description="text", data_class="public")
    assert (made.type, made.metadata, made.description, made.data_class) == ("model", {"x": 1}, "text", "public")


def test_several_files_that_fit_are_listed() -> None:
    write("m.csv", "m.parquet")
    with pytest.raises(InvalidInput, match=r"m\.csv, m\.parquet") as caught:
        draft("m:v0", None, "dataset")
    assert "name=" in caught.value.hint


def test_no_file_that_fits_says_where_it_looked(here: Path) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        draft("student_data:v0", None, "dataset")
    assert all(text in caught.value.message for text in ("'student_data'", "'student_data.*'", str(here)))
    assert "save it first" in caught.value.hint


@pytest.mark.parametrize("source", ["data/no.csv", "/no/such", Path("no.csv"), "a/b:v1"])
def test_a_path_that_is_not_there(source: str | Path) -> None:
    with pytest.raises(SourceUnreadable, match="does not exist"):
        draft(source, None, "dataset")
    with pytest.raises(SourceUnreadable, match="does not exist"):
        draft(source, "named", "dataset")


@pytest.mark.parametrize("source", ["", "a:latest", "a:v01", "no file", "é", "*", "[a]", "..:v1"])
def test_what_is_neither_a_file_nor_a_name(source: str) -> None:
    write("x.csv")
    with pytest.raises((InvalidReference, SourceUnreadable, InvalidInput)) as caught:
        draft(source, None, "dataset")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "error"), [("v1.csv", InvalidName), ("latest.csv", InvalidName), ("é.csv", InvalidInput)]
)
def test_a_file_whose_name_cannot_name_a_collection_needs_one(name: str, error: type[InvalidInput]) -> None:
    write(name)
    with pytest.raises(error):
        draft(name, None, "dataset")
    assert told(draft(name, "ok", "dataset")) == ("ok", None, [name])


def test_no_type_is_asked_for() -> None:
    write("a.csv")
    with pytest.raises(InvalidInput, match="no type") as caught:
        draft("a.csv", None, None)
    assert "type='dataset'" in caught.value.hint


def test_an_empty_folder_is_no_dataset() -> None:
    Path("student_data/deeper").mkdir(parents=True)
    with pytest.raises(SourceUnreadable, match="holds no file"):
        draft("student_data:v0", None, "dataset")


def test_pipes_and_links_are_refused() -> None:
    os.mkfifo("pipe")
    Path("dangling.csv").symlink_to("nothing")
    with pytest.raises(SourceUnreadable, match="not a regular file"):
        draft("pipe", None, "dataset")
    with pytest.raises(SourceUnreadable):
        draft("dangling", None, "dataset")


def test_known_size_counts_files_and_never_fails() -> None:
    write("d/a.csv", "d/b.csv")
    made = draft("d", None, "dataset")
    made.add([1], "table")
    assert known_size(made) == len("d/a.csv") + len("d/b.csv")
    Path(cast(FilePart, made.parts["a.csv"]).source).unlink()
    assert known_size(made) == 0
