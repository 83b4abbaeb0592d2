"""The one parser of credentials in headers: `Authorization: Bearer`, `Authorization: Basic` and `X-API-Key`.

Every form means the same key and gives the same decision. A query string is never looked at: addresses end up in logs.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from rollbook.model.errors import Unauthenticated

MAX_LENGTH = 8192
_TOKEN = re.compile(r"[\x21-\x7e]+\Z")
_HINT = "send one 'Authorization: Bearer KEY'"


def key_in(authorization: Sequence[str], api_key: Sequence[str]) -> str | None:
    """The key that the headers of a request carry, or None where they carry none.

    Args:
        authorization: Every value of `Authorization`.
        api_key: Every value of `X-API-Key`.

    Raises:
        Unauthenticated: A header is malformed, or two of them carry different keys.
    """
    found = {*map(_of_authorization, authorization), *map(_checked, api_key)}
    if len(found) > 1:
        raise Unauthenticated("the request carries two different keys", hint=_HINT)
    return found.pop() if found else None


def _of_authorization(value: str) -> str:
    scheme, _, rest = value.strip(" ").partition(" ")
    match scheme.lower():
        case "bearer":
            return _checked(rest.strip(" "))
        case "basic":
            return _of_basic(rest.strip(" "))
        case _:
            raise Unauthenticated("this way to sign in is not known", hint=_HINT)


def _of_basic(encoded: str) -> str:
    """The password; whatever the user is called, the key says who it is."""
    try:
        pair = base64.b64decode(_checked(encoded), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise Unauthenticated("the header 'Authorization: Basic' is malformed", hint=_HINT) from None
    _user, _, password = pair.partition(":")
    return _checked(password)


def _checked(token: str) -> str:
    if len(token) > MAX_LENGTH or not _TOKEN.match(token):
        raise Unauthenticated("the key in the header is malformed", hint=_HINT)
    return token
