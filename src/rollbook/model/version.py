"""A version's seal: the canonical bytes whose SHA-256 names it for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

import msgspec

from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, UnsupportedFormat

FORMAT = "rollbook/version@1"
DataClass = Literal["public", "internal", "pseudonymous", "identifiable"]
DATA_CLASSES: tuple[str, ...] = get_args(DataClass)
MAX_METADATA_BYTES = 1024 * 1024


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What a version *is*. Where it came from stands in provenance statements; what people say of it, in notes.

    Attributes:
        type: `dataset`, `model`, `evaluation`, `roster`, `code` or any name.
        data_class: Declared sensitivity of the content.
        manifest: Digest of the sealed manifest, and so of every byte and table schema.
        metadata: Creation metadata.
    """

    type: str
    data_class: DataClass
    manifest: Digest
    metadata: dict[str, JSON]

    def canonical(self) -> bytes:
        """The sealed bytes."""
        return encode(
            {
                "format": FORMAT,
                "type": self.type,
                "class": self.data_class,
                "manifest": str(self.manifest),
                "metadata": self.metadata,
            }
        )

    @property
    def digest(self) -> Digest:
        """The version's digest."""
        return Digest.sha256(self.canonical())


def check_data_class(name: str) -> DataClass:
    """Return `name` where it is a data class.

    Raises:
        InvalidInput: It is not.
    """
    if name not in DATA_CLASSES:
        raise InvalidInput(f"data class {name!r} does not exist", hint=f"one of {', '.join(DATA_CLASSES)}")
    return cast(DataClass, name)


def check_metadata(metadata: Mapping[str, JSON]) -> None:
    """Refuse metadata that is too large to be facts about a version.

    Raises:
        InvalidInput: Its canonical bytes exceed 1 MiB.
    """
    size = len(encode(dict(metadata)))
    if size > MAX_METADATA_BYTES:
        raise InvalidInput(
            f"metadata of {size:,} bytes exceeds {MAX_METADATA_BYTES:,}", hint="put bulky values into a file"
        )


def read_seal(data: bytes, expected: Digest) -> Seal:
    """Read a seal and check it against the digest that names it.

    Raises:
        CorruptData: The bytes do not have that digest, or are no seal.
        UnsupportedFormat: A newer release wrote them.
    """
    if Digest.sha256(data) != expected:
        raise CorruptData(f"the seal of version {expected} does not match its digest", hint="run 'rollbook verify'")
    try:
        record = cast(dict[str, JSON], decode(data))
        if record["format"] != FORMAT:
            raise UnsupportedFormat(f"version format {record['format']!r} is unknown", hint="upgrade Rollbook")
        return Seal(
            type=cast(str, record["type"]),
            data_class=check_data_class(cast(str, record["class"])),
            manifest=Digest.parse(cast(str, record["manifest"])),
            metadata=cast("dict[str, JSON]", record["metadata"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidInput) as error:
        raise CorruptData(f"the seal of version {expected} cannot be read: {error}") from error
