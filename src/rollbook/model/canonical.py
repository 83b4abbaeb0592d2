"""Canonical JSON: one value, one byte string, on every machine and for ever.

The rules (also in `docs/formats/versions.md`): UTF-8; object keys sorted by code point; no white space; integers in
decimal; floats in the shortest form that reads back to the same double, always with `.` or `e`, so that `1` and `1.0`
stay different; a float that JSON cannot write is the object `{"$float": "NaN" | "Infinity" | "-Infinity"}`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from rollbook.model.errors import InvalidInput

if TYPE_CHECKING:
    JSON: TypeAlias = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None
else:
    JSON = Any  # msgspec reads the annotations of structs, and cannot read one that names itself

MAX_DEPTH = 15
MAX_INTEGER = 2**63
_RESERVED = "$float"
_BYTES = (bytes, bytearray, memoryview)
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


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
    if value is None or isinstance(value, bool):
        return value
    # A subclass (numpy's float64, an enumeration) is copied into the plain type, so that nothing else travels on.
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return check_text(str.__str__(value), where)
    if isinstance(value, int):
        return _integer(int(value), where)
    if isinstance(value, Mapping):
        return _plain_object(cast(Mapping[object, object], value), where, depth)
    if isinstance(value, Sequence) and not isinstance(value, _BYTES):
        items = cast(Sequence[object], value)
        return [_plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(items)]
    return _foreign(value, where, depth)


def _foreign(value: Any, where: str, depth: int) -> JSON:
    """A scalar or array of a library that is not imported here."""
    kind = type(value).__name__
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 0) == 0:
        return _plain(item(), where, depth + 1)
    tolist = getattr(value, "tolist", None)
    if callable(tolist) and not isinstance(value, _BYTES):
        return _plain(tolist(), where, depth + 1)
    raise InvalidInput(
        f"{where} is a {kind}, which JSON cannot hold",
        hint="use text, numbers, booleans, None, lists and dicts with text keys",
    )


def _integer(value: int, where: str) -> int:
    if not -MAX_INTEGER <= value < MAX_INTEGER:
        # Not the number itself: Python refuses to print integers of more than 4,300 digits.
        shown = value if value.bit_length() <= 128 else f"an integer of {value.bit_length()} bits"
        raise InvalidInput(f"{where} = {shown} does not fit in 64 bits", hint="write it as a string")
    return value


def _plain_object(value: Mapping[object, object], where: str, depth: int) -> JSON:
    plain: dict[str, JSON] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidInput(f"{where} has the key {key!r} of type {type(key).__name__}", hint="keys must be text")
        if key == _RESERVED:
            raise InvalidInput(f"{where} has the reserved key {_RESERVED!r}", hint="rename the key")
        plain[check_text(str.__str__(key), where)] = _plain(item, f"{where}.{key}", depth + 1)
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


def _spelled(value: JSON | tuple[JSON, ...]) -> JSON:
    """The value with every float that JSON cannot write spelled as an object."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_RESERVED: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    return value


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def encode(value: JSON) -> bytes:
    """The canonical bytes of a plain JSON value (see `to_json`); a tuple is written as a list."""
    try:
        return _encoder.encode(value).encode()
    except ValueError:  # a float that is not finite: rare, so that the usual value is not copied first
        return _encoder.encode(_spelled(value)).encode()


def _revive(plain: dict[str, Any]) -> object:
    if len(plain) != 1 or _RESERVED not in plain:
        return plain
    spelled = str(plain[_RESERVED])
    if spelled not in _NON_FINITE:
        raise ValueError(f"{_RESERVED} is {spelled!r}")
    return _NON_FINITE[spelled]


_decoder = json.JSONDecoder(object_hook=_revive)


def decode(data: bytes | str) -> JSON:
    """Read canonical bytes back into the value they were made from.

    Raises:
        ValueError: They are not JSON.
    """
    return _decoder.decode(data if isinstance(data, str) else data.decode())
