"""What a server may be told, and what it refuses to be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rollbook.app.identities import Grant
from rollbook.model.errors import InvalidInput
from rollbook.server.settings import Rate, is_loopback, resolve

OIDC = {"ROLLBOOK_OIDC_ISSUER": "https://id.example.org", "ROLLBOOK_OIDC_CLIENT_ID": "rollbook"}


def told(environment: dict[str, str] | None = None, **given: Any) -> Any:
    return resolve(Path("data"), environment or {}, **given)


def test_it_listens_on_loopback_alone() -> None:
    settings = told()
    assert (settings.host, settings.port, settings.is_secure) == ("127.0.0.1", 8765, False)
    assert settings.hosts == {"localhost", "127.0.0.1", "[::1]"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)
    assert told(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "", "localhost.evil.com", "127.0.0.1.evil.com"])
def test_beyond_loopback_needs_a_word(host: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        told(host=host)
    assert told(host=host, insecure=True).host == host
    assert told(host=host, proxies=("10.0.0.2",)).host == host
    for name in ("cert", "key"):
        (tmp_path / name).touch()
    assert told(host=host, tls_cert=tmp_path / "cert", tls_key=tmp_path / "key").is_secure
    with pytest.raises(InvalidInput):
        told(tls_cert=tmp_path / "cert")
    with pytest.raises(InvalidInput):
        told(tls_cert=tmp_path / "absent", tls_key=tmp_path / "key")


def test_names_of_the_server_are_its_own_and_those_that_were_told() -> None:
    base = {"ROLLBOOK_BASE_URL": "https://Rollbook.Example.org:8443/", "ROLLBOOK_ALLOWED_HOSTS": "a.school, B.school,"}
    settings = told(base)
    assert settings.base_url == "https://Rollbook.Example.org:8443"
    assert {"rollbook.example.org", "a.school", "b.school"} < settings.hosts
    assert "" not in settings.hosts
    assert settings.is_secure


@pytest.mark.parametrize(
    "environment",
    [
        {"ROLLBOOK_BASE_URL": "rollbook.example.org"},
        {"ROLLBOOK_BASE_URL": "ftp://rollbook.example.org"},
        {"ROLLBOOK_BASE_URL": "https://rollbook.example.org/below"},
        {"ROLLBOOK_BASE_URL": "https://"},
        {"ROLLBOOK_KEY_RATE": "fast"},
        {"ROLLBOOK_KEY_RATE": "0/10"},
        {"ROLLBOOK_KEY_RATE": "10"},
        {"ROLLBOOK_KEY_RATE": "nan/5"},
        {"ROLLBOOK_OIDC_ISSUER": "http://id.example.org", "ROLLBOOK_OIDC_CLIENT_ID": "x"},
        {"ROLLBOOK_OIDC_ISSUER": "https://id.example.org"},
        OIDC | {"ROLLBOOK_OIDC_ROLES": "tutors"},
        OIDC | {"ROLLBOOK_OIDC_ROLES": "tutors=owner@maths"},
        OIDC | {"ROLLBOOK_OIDC_ROLES": "tutors=analyst"},
        OIDC | {"ROLLBOOK_OIDC_CLIENT_SECRET_FILE": "/nowhere/at/all"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        told(environment)


def test_an_identity_provider_and_what_its_groups_give(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept in a file\n")
    told_so = OIDC | {"ROLLBOOK_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    settings = told(told_so | {"ROLLBOOK_OIDC_ROLES": "cn=tutors=analyst@maths, heads=viewer@school/fractions"})
    assert settings.oidc.grants == (
        ("cn=tutors", Grant("analyst", "maths")),
        ("heads", Grant("viewer", "school/fractions")),
    )
    assert settings.oidc.client_secret == "kept in a file"
    assert "kept in a file" not in repr(settings)


def test_a_rate_is_per_second_and_at_once() -> None:
    assert told({"ROLLBOOK_KEY_RATE": "2.5/7"}).key_rate == Rate(2.5, 7)
