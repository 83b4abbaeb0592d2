"""Where to work: arguments, then the environment, then the directory tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollbook.model.errors import InvalidInput, InvalidName
from rollbook.sdk import settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "school" / "math"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LOGNAME", "ana")
    return folder


def register_at(folder: Path) -> Path:
    made = folder / "rollbook-data"
    made.mkdir(parents=True)
    (made / "rollbook.json").write_text("{}")
    return made


def test_defaults(here: Path) -> None:
    assert settings.resolve() == settings.Settings(here / "rollbook-data", "default", "user:ana")


def test_the_nearest_register_above_is_found(here: Path) -> None:
    far = register_at(here.parents[1])
    assert settings.resolve().data_dir == far
    near = register_at(here.parent)
    assert settings.resolve().data_dir == near


def test_a_folder_of_that_name_without_the_marker_is_no_register(here: Path) -> None:
    (here.parent / "rollbook-data").mkdir()
    assert settings.resolve().data_dir == here / "rollbook-data"


def test_arguments_win_over_the_environment_and_that_over_the_tree(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_at(here.parent)
    monkeypatch.setenv("ROLLBOOK_DATA", "from-environment")
    monkeypatch.setenv("ROLLBOOK_PROJECT", "environment")
    monkeypatch.setenv("ROLLBOOK_USER", "bo")
    assert settings.resolve() == settings.Settings(here / "from-environment", "environment", "user:bo")
    assert settings.resolve("given", "argument") == settings.Settings(here / "given", "argument", "user:bo")
    assert settings.resolve(Path("/elsewhere")).data_dir == Path("/elsewhere")


def test_empty_variables_count_as_unset(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.ENVIRONMENT:
        monkeypatch.setenv(name, "")
    assert settings.resolve() == settings.Settings(here / "rollbook-data", "default", "user:ana")


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ana")
    assert settings.resolve("~/register").data_dir == Path("/home/ana/register")
    with pytest.raises(InvalidInput, match="no-such-user") as caught:
        settings.resolve("~no-such-user/register")
    assert caught.value.hint


def test_a_file_is_no_data_directory(here: Path) -> None:
    (here / "file").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        settings.resolve("file")


@pytest.mark.parametrize("project", ["a/b/c", "latest", "v1", "..", "é", "a b"])
def test_project_names_are_checked_wherever_they_come_from(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidName, match="project"):
        settings.resolve(project=project)
    monkeypatch.setenv("ROLLBOOK_PROJECT", project)
    with pytest.raises(InvalidName, match="project"):
        settings.resolve()


def test_a_stated_user_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_USER", "ana:admin")
    with pytest.raises(InvalidName, match="user"):
        settings.resolve()


@pytest.mark.parametrize(
    ("login", "user"),
    [
        ("SCHOOL\\Ana Maria", "user:SCHOOL-Ana-Maria"),
        ("ana\nadmin", "user:ana-admin"),
        ("\udcff\udcfe", "user:uid-"),
        ("../..", "user:uid-"),
        ("x" * 500, "user:" + "x" * 128),
        ("é", "user:uid-"),
    ],
    ids=ascii,
)
def test_any_login_name_becomes_one_word(login: str, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: login)
    assert settings.resolve().user.startswith(user)


def test_without_a_login_name_the_number_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert settings.resolve().user.startswith("user:uid-")


def test_every_variable_is_explained() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    for name, meaning in settings.ENVIRONMENT.items():
        assert source.count(f'"{name}"') >= 2, f"{name} is listed and not read"
        assert meaning


# --- a server --------------------------------------------------------------------------------------------------------


def test_no_server_unless_one_is_named() -> None:
    assert settings.resolve().server is None


def test_a_server_of_the_call_or_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROLLBOOK_SERVER", "https://one")
    for name, value in (("API_KEY", "rb-secret"), ("ENTITY", "maths"), ("INSECURE", "on"), ("STATE", "state")):
        monkeypatch.setenv(f"ROLLBOOK_{name}", value)
    place = settings.resolve().server
    assert place is not None
    assert (place.address, place.key, place.entity, place.insecure) == ("https://one", "rb-secret", "maths", True)
    assert place.state_dir == Path.cwd() / "state"
    assert place.cache_dir == tmp_path / "home" / ".cache" / "rollbook"
    assert place.config_dir == tmp_path / "home" / ".config" / "rollbook"
    assert "secret" not in repr(settings.resolve())
    other = settings.resolve(server="https://two").server
    assert other is not None
    assert other.address == "https://two"


def test_a_data_directory_of_the_call_goes_before_a_server_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROLLBOOK_SERVER", "https://one")
    assert settings.resolve(tmp_path).server is None
    with pytest.raises(InvalidInput, match="both data directory"):
        settings.resolve(tmp_path, server="https://two")


def test_folders_of_the_xdg_rules_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    place = settings.server_place("https://one")
    assert place.config_dir == tmp_path / "CONFIG" / "rollbook"
    assert place.state_dir == tmp_path / "STATE" / "rollbook"
    assert place.cache_dir == tmp_path / "CACHE" / "rollbook"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert settings.server_place("https://one").state_dir == tmp_path / "home" / ".local" / "state" / "rollbook"


def test_a_switch_is_on_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_INSECURE", "yes")
    with pytest.raises(InvalidInput, match="ROLLBOOK_INSECURE"):
        settings.server_place("https://one")
