"""Names and paths: the attack catalogue's rows on paths, and the file names a real disk can hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.errors import InvalidInput, InvalidName
from rollbook.model.names import check_name, check_path, check_tag


@pytest.mark.parametrize(
    "name", ["a", "7", "math_tutor_model_lr", "a.b-c_d", "A" * 128, "v", "vN", "v1a", "latest2", "x..y"]
)
def test_names_that_are_allowed(name: str) -> None:
    assert check_name(name) == name


BAD_NAMES = [
    *("", " ", ".", "..", "../x", "a/b", "a\\b", "a:b", "a:../evil", "a/v1", "a@b", "a=b", "a,b", "a b", " a", "a\n"),
    *(
        "-a",
        "_a",
        ".a",
        "A" * 129,
        "é",
        "a\u0301",
        "а",
        "gpj\u202eexe",
        "a\u200bb",
        "a\x00b",
        "a\ud800",
        "a\tb",
        "a%2fb",
    ),
    *("%2e%2e", "$HOME", "a;b", "a'b", 'a"b', "<script>", "a*", "a?", "a#b", "１"),
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_names_that_break_the_rule(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_name(name, "collection")
    assert "collection" in caught.value.message
    assert caught.value.hint
    caught.value.message.encode()


@pytest.mark.parametrize(
    "name", ["latest", "LATEST", "Latest", "v0", "v1", "V1", "v12", "v01", "v" + "9" * 30, "sha256", "SHA256"]
)
def test_names_that_a_reference_reads_in_another_way_are_reserved(name: str) -> None:
    with pytest.raises(InvalidName, match="reserved"):
        check_name(name)


@given(st.text(max_size=130))
def test_every_accepted_name_is_plain_ascii_of_bounded_length(text: str) -> None:
    try:
        name = check_name(text)
    except InvalidName:
        return
    assert name == text
    assert name.isascii()
    assert 1 <= len(name) <= 128
    assert not set(name) & set("/\\:@=,%~ \t\r\n\0")


GOOD_PATHS = [
    *("a", "a/b/c.txt", "data/train.parquet", ".hidden", "a..b", "...", "a/.git", "é" * 127, "x" * 255, "- rf", "-rf"),
    *(
        "space end ",
        "dot.",
        "名前/生徒.csv",
        "😀.csv",
        "עברית.csv",
        "a b",
        "CON",
        "nul.txt",
        "file::$DATA",
        "a;b",
        "a%2e%2e",
        "~",
    ),
    *("~root/x", "$HOME/x", "a//b".replace("//", "/"), "e\u0301.txt", "\u00e9.txt", "A.txt", "a.txt", "c.d:", "ab:c"),
]


@pytest.mark.parametrize("path", GOOD_PATHS)
def test_paths_that_are_kept_exactly(path: str) -> None:
    assert check_path(path) == path


BAD_PATHS = [
    *(
        "",
        "/",
        "/etc/passwd",
        "//etc",
        "..",
        ".",
        "../x",
        "a/../b",
        "a/..",
        "./a",
        "a/./b",
        "a//b",
        "a/",
        "../../canary",
    ),
    *("..\\..\\x", "a\\b", "\\\\host\\share", "C:\\x", "C:x", "c:/x", "z:"),
    *(
        "a\x00b",
        "a\nb",
        "a\rb",
        "a\tb",
        "a\x1b[31m",
        "a\x7f",
        "a\u202eb",
        "a\u200bb",
        "a\u2028b",
        "a\u2066b",
        "\ufeffa",
    ),
    *("\ud800", "a/\udcff", "x" * 256, "é" * 128, "a/" * 2100 + "a"),
]


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: ascii(path)[:30])
def test_paths_that_could_lead_astray_are_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_path(path)
    assert caught.value.hint
    assert len(caught.value.message) < 1200
    caught.value.message.encode()


@given(st.text(st.sampled_from("./\\:aC~ \n\u202e%"), max_size=12) | st.text(max_size=40))
def test_no_accepted_path_leaves_its_folder(text: str) -> None:
    try:
        path = check_path(text)
    except InvalidInput:
        return
    parts = path.split("/")
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(parts)
    assert "\\" not in path
    assert "\x00" not in path
    assert all(len(part.encode()) <= 255 for part in parts)
    assert len(path.encode()) <= 4096


@pytest.mark.parametrize(
    "tag", ["accuracy_92_percent", "fairness_checked_gender", "seen by Zoë", "日本", "a" * 128, "😀"]
)
def test_tags_that_are_allowed(tag: str) -> None:
    assert check_tag(tag) == tag


def test_space_around_a_tag_is_dropped() -> None:
    assert check_tag("  good ") == "good"


@pytest.mark.parametrize("tag", ["", "  ", "a" * 129, "a\nb", "a\x00", "\ud800", "a\u202eb", "a\u200b"], ids=ascii)
def test_tags_that_cannot_be_seen_are_refused(tag: str) -> None:
    with pytest.raises(InvalidInput):
        check_tag(tag)


@pytest.mark.parametrize("tag", ["checked:gender", " checked:gender", "Checked:gender", "checked:"])
def test_a_tag_that_is_earned_cannot_be_set_by_hand(tag: str) -> None:
    with pytest.raises(InvalidName, match="by hand"):
        check_tag(tag)
