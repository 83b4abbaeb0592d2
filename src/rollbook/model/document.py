"""Documents: the JSON form of facts, the same from the command line, from the server and to the remote client.

One rule for all: a struct becomes an object with its fields; a digest its text (`sha256:...`); a field that is called
`at` or ends in `_at` holds UTC microseconds and becomes RFC 3339 text. On the wire a document is canonical JSON, so
that `read_document` gives back exactly the value that was written.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from rollbook.model import instant
from rollbook.model.canonical import decode, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput

Value = TypeVar("Value")
_Step = Callable[[Any], Any]
_PLAIN = frozenset({str, int, float, bool, type(None)})


def to_document(value: Any) -> Any:
    """Plain JSON values, by the rule above."""
    if type(value) in _PLAIN:  # nearly every value of a long list
        return value
    if isinstance(value, Digest | Path):
        return str(value)
    if isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: to_field(name, field) for name, field in fields if field is not msgspec.UNSET}
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in cast("Mapping[object, Any]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [to_document(item) for item in cast("Sequence[Any]", value)]
    return value


def to_field(name: str, value: Any) -> Any:
    """The value of a field of that name."""
    if isinstance(value, int) and is_instant(name):
        return instant.to_text(value)
    return to_document(value)


@lru_cache(maxsize=4096)
def is_instant(name: str) -> bool:
    """Whether a field of that name holds an instant."""
    return name == "at" or name.endswith("_at")


def write_document(value: Any) -> bytes:
    """The bytes of a document.

    Raises:
        InvalidInput: A text in it holds half of a character.
    """
    try:
        return encode(to_document(value))
    except UnicodeEncodeError as error:
        shown = ascii(error.object[max(error.start - 20, 0) : error.end])
        raise InvalidInput(
            f"text cannot be encoded: {shown}", hint="decode the bytes with the right encoding"
        ) from error


def read_document(data: bytes, kind: type[Value]) -> Value:
    """Read the bytes of a document.

    Args:
        data: JSON in UTF-8.
        kind: What it should hold: a struct, or a `tuple`, `list`, `dict` or optional of structs and plain values.

    Raises:
        InvalidInput: It is not JSON, or holds something else.
    """
    try:
        plain = decode(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"this is not JSON: {error}", hint="send one JSON document in UTF-8") from error
    return from_document(plain, kind)


def from_document(plain: Any, kind: type[Value]) -> Value:
    """The value that a document stands for.

    Raises:
        InvalidInput: It holds something else; the message says where.
    """
    try:
        return msgspec.convert(_step(kind)(plain), kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"the document does not fit: {error}", hint="see the API's description") from error


def _digest(plain: Any) -> Any:
    return Digest.parse(plain) if isinstance(plain, str) else plain


def _instant(plain: Any) -> Any:
    return instant.parse(plain) if isinstance(plain, str) else plain


def _same(plain: Any) -> Any:
    return plain


def _each(step: _Step, plain: Any) -> Any:
    return [step(item) for item in cast("list[Any]", plain)] if isinstance(plain, list) else plain


@cache
def _step(kind: Any) -> _Step:
    """What has to happen to a plain value before msgspec can take it for a `kind`."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _step(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        steps = [step for step in map(_step, get_args(kind)) if step is not _same]
        return steps[0] if len(steps) == 1 else _same
    if origin in (tuple, list, Sequence) and _step(get_args(kind)[0]) is not _same:
        inner = _step(get_args(kind)[0])
        return lambda plain: _each(inner, plain)
    if kind is Digest:
        return _digest
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _fields(kind)
    return _same


def _fields(kind: type[msgspec.Struct]) -> _Step:
    hints = get_type_hints(kind)
    found = {name: _instant if is_instant(name) else _step(hints[name]) for name in kind.__struct_fields__}
    steps = {name: step for name, step in found.items() if step is not _same}

    def change(plain: Any) -> Any:
        if not isinstance(plain, dict):
            return plain
        given = cast("dict[str, Any]", plain)
        return given | {name: step(given[name]) for name, step in steps.items() if name in given}

    return change
