from __future__ import annotations

import pytest

from rollbook.model.errors import InvalidInput
from rollbook.sdk.remote.address import check_server


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://Rollbook.School.Example/", "https://rollbook.school.example"),
        ("https://host:8443/base/", "https://host:8443/base"),
        ("http://localhost:8765", "http://localhost:8765"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://[::1]:8765/", "http://[::1]:8765"),
    ],
)
def test_addresses_that_keep_a_key_safe(given: str, address: str) -> None:
    assert check_server(given) == address


@pytest.mark.parametrize(
    "given",
    [
        *("", "host", "host:80", "ftp://host", "https://", "https://a:b@host", "https://host/?q=1", "https://host/#f"),
        *("https://host:99999", "https://[::1", "http:///path", "file:///etc/passwd"),
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_server(given)
    assert caught.value.hint


def test_a_secret_in_an_address_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_server("https://ana:secret@host")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "given", ["http://rollbook.example", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"]
)
def test_a_key_travels_in_the_clear_only_by_word(given: str) -> None:
    with pytest.raises(InvalidInput, match="unencrypted") as caught:
        check_server(given)
    assert "ROLLBOOK_INSECURE" in caught.value.hint
    assert check_server(given, insecure=True) == given
