"""Canonical JSON: one value, one byte string, on every machine and for ever.

The rules (also in `docs/formats/versions.md`): UTF-8; object keys sorted by code point; no white space; integers in
decimal; floats in the shortest form that reads back to the same double, always with `.` or `e`, so that `1` and `1.0`
stay different; a float that JSON cannot write is the object `{"$float": "NaN" | "Infinity" | "-Infinity"}`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from rollbook.model.errors import InvalidInput

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

MAX_DEPTH = 15
MAX_INTEGER = 2**63
_RESERVED = "$float"


def to_json(value: object, where: str = "value") -> JSON:
    """Copy `value` into plain JSON values, or refuse it.

    Tuples become lists; scalars of numpy and torch are read through `.item()`.

    Args:
        value: What the user gave.
        where: How messages name it.

    Raises:
        InvalidInput: The value cannot be written as JSON; the message names the place and the type.
    """
    return _plain(value, where, 0)


def _plain(value: object, where: str, depth: int) -> JSON:
    if depth > MAX_DEPTH:
        raise InvalidInput(f"{where} is nested deeper than {MAX_DEPTH} levels", hint="flatten it")
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return check_text(value, where)
    if isinstance(value, int):
        if not -MAX_INTEGER <= value < MAX_INTEGER:
            raise InvalidInput(f"{where} = {str(value)[:40]} does not fit in 64 bits", hint="write it as a string")
        return int(value)
    if isinstance(value, Mapping):
        return _plain_object(cast(Mapping[object, object], value), where, depth)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        items = cast(Sequence[object], value)
        return [_plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(items)]
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 0) == 0:
        return _plain(item(), where, depth + 1)
    tolist = getattr(value, "tolist", None)
    if callable(tolist):
        return _plain(tolist(), where, depth + 1)
    raise InvalidInput(
        f"{where} is a {type(value).__name__}, which JSON cannot hold",
        hint="use text, numbers, booleans, None, lists and dicts with text keys",
    )


def _plain_object(value: Mapping[object, object], where: str, depth: int) -> JSON:
    plain: dict[str, JSON] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidInput(f"{where} has the key {key!r} of type {type(key).__name__}", hint="keys must be text")
        if key == _RESERVED:
            raise InvalidInput(f"{where} has the reserved key {_RESERVED!r}", hint="rename the key")
        plain[check_text(key, where)] = _plain(item, f"{where}.{key}", depth + 1)
    return plain


def check_text(text: str, where: str) -> str:
    """Return `text` where every store can hold it.

    Raises:
        InvalidInput: It has a NUL or a lone surrogate, which PostgreSQL and UTF-8 cannot hold.
    """
    if "\x00" in text:
        raise InvalidInput(f"{where} contains a NUL character: {text[:40]!r}", hint="remove it")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"{where} is not valid Unicode: {text[:40]!r}", hint="it has a lone surrogate; decode it again"
            ) from error
    return text


def _encodable(value: JSON) -> JSON:
    if isinstance(value, float) and not math.isfinite(value):
        return {_RESERVED: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {key: _encodable(item) for key, item in value.items()}
    return value


def encode(value: JSON) -> bytes:
    """The canonical bytes of a plain JSON value (see `to_json`)."""
    plain = _encodable(value)
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def _revive(pairs: list[tuple[str, Any]]) -> object:
    if len(pairs) == 1 and pairs[0][0] == _RESERVED:
        return float(pairs[0][1])
    return dict(pairs)


def decode(data: bytes | str) -> JSON:
    """Read canonical bytes back into the value they were made from."""
    return json.loads(data, object_pairs_hook=_revive)
