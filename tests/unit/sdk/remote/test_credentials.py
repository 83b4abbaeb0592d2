from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rollbook.model.errors import Forbidden, InvalidInput
from rollbook.sdk.remote.credentials import keep_key, read_key

HERE, THERE = "https://here", "https://there"


def test_keys_are_kept_by_server_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "rollbook"
    assert read_key(folder, HERE) == ""
    path = keep_key(folder, HERE, "one")
    keep_key(folder, THERE, "two")
    keep_key(folder, HERE, "three")
    assert (read_key(folder, HERE), read_key(folder, THERE)) == ("three", "two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in folder.iterdir()] == ["credentials"]


def test_a_key_is_forgotten(tmp_path: Path) -> None:
    keep_key(tmp_path, HERE, "one")
    path = keep_key(tmp_path, HERE, "")
    assert read_key(tmp_path, HERE) == ""
    assert "one" not in path.read_text()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keep_key(tmp_path, HERE, "one").chmod(0o640)
    with pytest.raises(Forbidden, match="read by others") as caught:
        read_key(tmp_path, HERE)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("content", ["", "[]", "{", "1"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = keep_key(tmp_path, HERE, "one")
    path.write_text(content)
    with pytest.raises(InvalidInput) as caught:
        read_key(tmp_path, HERE)
    assert "rollbook login" in caught.value.hint
