"""What lies below a folder: everything is found, or it is said what cannot be taken."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.errors import InvalidInput, SourceUnreadable
from rollbook.sdk.files import regular_file, walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    (made / "a.csv").write_text("a")
    (made / "sub").mkdir()
    (made / "sub" / "b.csv").write_text("b")
    return made


def paths(folder: Path, *, follow_links: bool = False) -> list[str]:
    return [path for path, _ in walk(folder, follow_links=follow_links)]


@given(
    st.sets(
        st.sampled_from(["a", "b.csv", "c/d", "c/e", "c/f/g", "Z", "é", "😀", ".x", "c.d/e", " space "]), min_size=1
    )
)
def test_every_file_is_found_in_order_wherever_it_lies(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    root = tmp_path_factory.mktemp("walk")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    found = list(walk(root))
    assert [path for path, _ in found] == sorted(names)
    assert all(Path(source).read_text() == path for path, source in found)


def test_an_empty_folder_holds_no_file(tmp_path: Path) -> None:
    assert list(walk(tmp_path)) == []


@pytest.mark.parametrize(
    "kind", ["file link", "folder link", "dangling", "loop", "outside", "fifo", "socket", "device"]
)
def test_what_is_neither_file_nor_folder_is_refused_and_listed(folder: Path, kind: str) -> None:
    odd = folder / "sub" / "odd"
    match kind:
        case "file link":
            odd.symlink_to("b.csv")
        case "folder link":
            odd.symlink_to(folder / "sub")
        case "dangling":
            odd.symlink_to("nothing")
        case "loop":
            odd.symlink_to("odd")
        case "outside":
            odd.symlink_to("/etc/passwd")
        case "fifo":
            os.mkfifo(odd)
        case "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(odd))
        case _:
            if os.geteuid() != 0:
                pytest.skip("only root makes devices")
            os.mknod(odd, 0o020600, os.makedev(1, 3))
    with pytest.raises(SourceUnreadable, match="sub/odd") as caught:
        list(walk(folder))
    assert "1 links, pipes, sockets or devices" in caught.value.message
    assert "follow_links=True" in caught.value.hint


def test_all_refused_things_are_counted_and_the_first_few_named(folder: Path) -> None:
    for index in range(20):
        (folder / f"link{index:02}").symlink_to("a.csv")
    with pytest.raises(SourceUnreadable, match="20 links") as caught:
        list(walk(folder))
    assert "link04" in caught.value.message
    assert "link05" not in caught.value.message


def test_links_inside_the_folder_can_be_followed(folder: Path) -> None:
    (folder / "again.csv").symlink_to("sub/b.csv")
    (folder / "dir").symlink_to("sub")
    assert paths(folder, follow_links=True) == ["a.csv", "again.csv", "dir/b.csv", "sub/b.csv"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.csv", "..", "../data-sibling", "nothing", "self", "."])
def test_followed_links_stay_inside_and_come_to_an_end(folder: Path, target: str) -> None:
    """`data-sibling` shares its first letters with the folder: a comparison of texts would take it for inside."""
    (folder.parent / "outside.csv").write_text("secret")
    (folder.parent / "data-sibling").mkdir()
    (folder.parent / "data-sibling" / "canary").write_text("secret")
    (folder / "self").symlink_to(target)
    with pytest.raises(SourceUnreadable, match="self"):
        paths(folder, follow_links=True)


def test_two_links_that_lead_to_each_other_come_to_an_end(folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "y").mkdir()
    (folder / "x" / "to_y").symlink_to("../y")
    (folder / "y" / "to_x").symlink_to("../x")
    with pytest.raises(SourceUnreadable):
        paths(folder, follow_links=True)


def test_a_hard_link_is_a_file(folder: Path) -> None:
    os.link(folder / "a.csv", folder / "z.csv")
    assert paths(folder) == ["a.csv", "sub/b.csv", "z.csv"]


def test_the_folder_itself_may_be_a_link(folder: Path) -> None:
    (folder.parent / "link").symlink_to("data")
    assert paths(folder.parent / "link") == ["a.csv", "sub/b.csv"]


@pytest.mark.parametrize("name", [b"\xff\xfe.csv", b"half\xc3", b"overlong\xc0\xae"])
def test_a_name_that_is_not_utf8_is_refused_before_anything_is_read(folder: Path, name: bytes) -> None:
    Path(os.fsdecode(bytes(folder) + b"/" + name)).write_text("x")
    with pytest.raises(InvalidInput) as caught:
        list(walk(folder))
    assert "UTF-8" in caught.value.message
    str(caught.value).encode()
    with pytest.raises(InvalidInput):
        list(walk(folder, follow_links=True))


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\x1b[31m", "a\u202eb", "x:y"[1:].replace(":", "z:")])
def test_names_that_would_mislead_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("x")
    with pytest.raises(InvalidInput, match="path"):
        list(walk(folder))


def test_long_names_and_deep_folders_are_kept(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 40] * 30)
    deep.mkdir(parents=True)
    (deep / ("x" * 255)).write_text("x")
    (deep / ("é" * 127)).write_text("x")
    assert len(paths(tmp_path)) == 2


def test_names_that_differ_in_case_or_composition_are_both_found(tmp_path: Path) -> None:
    names = ["A.txt", "a.txt", "e\u0301", "\u00e9"]
    for name in names:
        (tmp_path / name).write_text(name)
    assert paths(tmp_path) == sorted(names)


@pytest.mark.parametrize(("name", "why"), [("missing", "does not exist"), ("a.csv", "is a file, not a folder")])
def test_what_is_no_folder(folder: Path, name: str, why: str) -> None:
    with pytest.raises(SourceUnreadable, match=why):
        walk(folder / name)


def test_a_regular_file_is_given_by_its_absolute_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert regular_file(Path("sub/../a.csv")) == folder / "a.csv"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(folder: Path) -> None:
    (folder / "a.csv").chmod(0)
    with pytest.raises(SourceUnreadable, match="not readable"):
        regular_file(folder / "a.csv")
