"""What a journal says: its header and its rows, as values and as JSON payloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple, cast

import msgspec

from rollbook.model import canonical
from rollbook.model.canonical import JSON, MAX_INTEGER
from rollbook.model.errors import InvalidInput

MAX_ROW_BYTES = 16 * 1024 * 1024
"""The largest payload of a row. A reader takes a longer length for damage."""

MAX_KEYS = 10_000
"""The most values one row may carry."""

_KNOWN_KEYS_LIMIT = 100_000


class JournalHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Whose journal this is.

    Attributes:
        run_id: The run that logs.
        created_us: When the journal was made, UTC microseconds since 1970.
    """

    run_id: str
    created_us: int


class HistoryRow(NamedTuple):
    """One logged row.

    Attributes:
        step: The step; it never decreases within a journal.
        time_us: Wall time of the call, UTC microseconds since 1970.
        values: Named values in the order in which they were logged.
    """

    step: int
    time_us: int
    values: dict[str, JSON]


_encode = msgspec.json.Encoder().encode
_Payload = tuple[int, int, dict[str, object]]
_decoder = msgspec.json.Decoder(_Payload)


class RowEncoder:
    """Turns rows into payloads: the JSON array `[step, time_us, {key: value}]`.

    What is not finite becomes `{"$float": "NaN"}` and so on, as in `rollbook.model.canonical`. Built-in numbers and
    text, which is what a training loop logs, take a path without recursion.
    """

    def __init__(self) -> None:
        self._known_keys: set[str] = set()

    def __call__(self, step: int, time_us: int, values: Mapping[str, Any]) -> bytes:
        """The payload of one row.

        Raises:
            InvalidInput: A key is not text, or a value cannot be written as JSON; the message names the key and type.
        """
        known = self._known_keys
        plain: dict[str, object] = {}
        for key, value in values.items():
            if key not in known:
                self._learn(key)
            kind = cast(type[Any], type(value))
            if (
                (kind is float and isfinite(value))
                or (kind is int and -MAX_INTEGER <= value < MAX_INTEGER)
                or kind is bool
                or value is None
            ):
                plain[key] = value
            elif kind is str:
                plain[key] = canonical.check_text(value, key)
            else:
                plain[key] = _uncommon(key, value)
        payload = _encode((step, time_us, plain))
        if len(payload) > MAX_ROW_BYTES or len(plain) > MAX_KEYS:
            raise InvalidInput(
                f"a row of {len(plain)} values and {len(payload)} bytes is too large",
                hint=f"at most {MAX_KEYS} values and {MAX_ROW_BYTES} bytes; log large things as artifacts",
            )
        return payload

    def _learn(self, key: object) -> None:
        if not isinstance(key, str) or not key:
            raise InvalidInput(f"the key {key!r} of type {type(key).__name__} is refused", hint="keys are text")
        canonical.check_text(key, "a key")
        if len(self._known_keys) < _KNOWN_KEYS_LIMIT:
            self._known_keys.add(key)


def _uncommon(key: str, value: object) -> msgspec.Raw:
    try:
        return msgspec.Raw(canonical.encode(canonical.to_json(value, key)))
    except (RuntimeError, ValueError, TypeError) as error:
        raise InvalidInput(f"{key} is a {type(value).__name__} that cannot be read: {error}") from error


def decode_row(payload: bytes) -> HistoryRow:
    """The row that a payload holds.

    Raises:
        ValueError: The payload is not a row.
    """
    if b'"$float"' not in payload:
        step, time_us, values = _decoder.decode(payload)
        return HistoryRow(step, time_us, cast(dict[str, JSON], values))
    step, time_us, values = msgspec.convert(canonical.decode(payload), _Payload)
    return HistoryRow(step, time_us, cast(dict[str, JSON], values))


def merge_steps(rows: Iterator[HistoryRow]) -> Iterator[dict[str, Any]]:
    """Rows that were logged for one step, read as one."""
    merged: dict[str, Any] = {}
    for row in rows:
        if merged and merged["_step"] != row.step:
            yield merged
            merged = {}
        merged |= {**row.values, "_step": row.step, "_time": row.time_us}
    if merged:
        yield merged
