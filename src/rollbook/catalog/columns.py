"""Column types: text that both databases store alike, digests as values, keys and instants as 64-bit integers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from rollbook.model.canonical import check_text
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput

NAME_LIMIT = 255
"""Characters of a name, tag or actor. PostgreSQL cannot index more than 2,704 bytes; four bytes a character fit."""

BODY_LIMIT = 16 * 1024 * 1024
"""Characters of a document (metadata, config, protocol)."""

Key = BigInteger().with_variant(Integer(), "sqlite")
"""A surrogate key. SQLite counts up only where the type is spelled INTEGER, which is 64 bits wide there anyway."""

Instant = BigInteger
"""UTC microseconds since 1970."""

# PostgreSQL would sort text by the server's locale; names must page in the same order in every database.
_PortableText = Text().with_variant(Text(collation="C"), "postgresql")


def bounded(value: str, limit: int) -> str:
    """Return `value` if every supported database can store it and give it back unchanged.

    Args:
        value: The text.
        limit: Most characters allowed.

    Raises:
        InvalidInput: It is too long, or holds NUL or a lone surrogate.
    """
    if len(value) > limit:
        raise InvalidInput(
            f"text of {len(value):,} characters is too long: {value[:40]!r}...", hint=f"at most {limit:,}"
        )
    return check_text(value, "text")


class SafeText(TypeDecorator[str]):
    """Text that is checked by `bounded` before it reaches any database, in conditions as well as in values."""

    impl = _PortableText
    cache_ok = True

    def __init__(self, limit: int = NAME_LIMIT) -> None:
        """Remember the limit, in characters."""
        super().__init__()
        self.limit = limit

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Check a value on its way in."""
        del dialect
        return None if value is None else bounded(value, self.limit)


class DigestText(TypeDecorator[Digest]):
    """A digest stored as `algorithm:hex`: readable in any database shell, and a prefix is a range of the index."""

    impl = _PortableText
    cache_ok = True

    def process_bind_param(self, value: Digest | None, dialect: Dialect) -> str | None:
        """Write `algorithm:hex`."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Digest | None:
        """Read `algorithm:hex`."""
        del dialect
        return None if value is None else Digest.parse(value)
