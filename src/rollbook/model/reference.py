"""References: the one grammar by which SDK, CLI, API and pages name a version.

```
reference = [[entity "/"] project "/"] collection [":" selector ["/" segment]] ["@" instant]  |  digest
selector  = "v" number | alias            (missing: "latest"; a number takes neither segment nor instant)
segment   = key "=" value {"," key "=" value}
instant   = RFC 3339 date or time with zone; a bare date means its end in the organisation's zone
digest    = "sha256:" 8 to 64 hexadecimal digits of a version
```
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo

import msgspec

from rollbook.model import instant
from rollbook.model.errors import InvalidInput, InvalidReference
from rollbook.model.names import LATEST, NAME, NUMBER, RESERVED, has_invisible

MIN_DIGEST_PREFIX = 8
_DIGEST = re.compile(r"sha256:([0-9a-fA-F]*)\Z")
_SEGMENT_PART = re.compile(r"[A-Za-z0-9_.-]{1,64}=[^=,/@\s]{1,64}\Z")
_HINT = "for example 'math_tutor:v3', 'algebra/math_tutor:champion@2026-05-01', 'sha256:1f2e3d4c'"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed reference. Either `digest_prefix` is set, or `collection` is.

    Attributes:
        entity: Team or organisation, or "".
        project: Project, or "" for the project at hand.
        collection: Collection name.
        number: Version number, when the selector is `vN`.
        alias: Alias, when the selector is one.
        segment: Canonical segment text with sorted keys, or "".
        at: As-of instant in UTC microseconds, or None for now.
        digest_prefix: 8 to 64 hexadecimal digits, or "".
    """

    entity: str = ""
    project: str = ""
    collection: str = ""
    number: int | None = None
    alias: str = ""
    segment: str = ""
    at: int | None = None
    digest_prefix: str = ""

    def __str__(self) -> str:
        if self.digest_prefix:
            return f"sha256:{self.digest_prefix}"
        prefix = "".join(f"{part}/" for part in (self.entity, self.project) if part)
        selector = f"v{self.number}" if self.number is not None else self.alias
        segment = f"/{self.segment}" if self.segment else ""
        at = f"@{instant.to_text(self.at)}" if self.at is not None else ""
        return f"{prefix}{self.collection}:{selector}{segment}{at}"


def parse(text: str, zone: tzinfo = UTC) -> Reference:
    """Read a reference.

    Args:
        text: What the user wrote.
        zone: The organisation's zone, in which a bare date ends.

    Raises:
        InvalidReference: It does not follow the grammar.
    """
    text = text.strip()
    digest = _DIGEST.match(text)
    if digest:
        return _digest_reference(text, digest[1].lower())
    if text.lower().startswith("sha256:"):
        raise _invalid(text, "a digest is 8 to 64 hexadecimal digits and takes neither segment nor instant")
    body, has_instant, when = text.partition("@")
    head, has_selector, tail = body.partition(":")
    selector, has_segment, segment = tail.partition("/")
    if has_selector and not selector:
        raise _invalid(text, "nothing stands after ':'")
    if not has_selector and "=" in head:
        raise _invalid(text, "a segment needs a selector before it")
    entity, project, collection = _split_head(text, head)
    number, alias = _selector(text, selector or LATEST)
    if number is not None and (has_segment or has_instant):
        raise _invalid(text, "a version number takes neither segment nor instant: it never moves")
    return Reference(
        entity=entity,
        project=project,
        collection=collection,
        number=number,
        alias=alias,
        segment=parse_segment(segment) if has_segment else "",
        at=_instant(text, when, zone) if has_instant else None,
    )


def split_stated(text: str) -> tuple[str, int | None]:
    """Read `name` or `name:vN` as used when logging: the collection and the stated number.

    Raises:
        InvalidReference: The name or the number is malformed.
    """
    name, has_selector, selector = text.partition(":")
    if not NAME.match(name):
        raise _invalid(text, f"{name!r} is not a name")
    if not has_selector:
        return name, None
    number = NUMBER.match(selector)
    if not number:
        raise _invalid(text, f"{selector!r} is not a version number; aliases are given with aliases=[...]")
    return name, int(number[1])


def parse_segment(text: str) -> str:
    """Canonical text of `key=value{,key=value}`: keys sorted, each once.

    Raises:
        InvalidReference: A part is malformed or a key stands twice.
    """
    parts = text.split(",")
    if has_invisible(text) or not all(_SEGMENT_PART.match(part) for part in parts):
        raise _invalid(text, "a segment is written key=value{,key=value}")
    pairs = dict(part.split("=") for part in parts)
    if len(pairs) < len(parts):
        raise _invalid(text, "a segment names each key once")
    return ",".join(f"{key}={value}" for key, value in sorted(pairs.items()))


def _digest_reference(text: str, digits: str) -> Reference:
    if not MIN_DIGEST_PREFIX <= len(digits) <= 64:
        raise _invalid(text, f"a digest needs {MIN_DIGEST_PREFIX} to 64 hexadecimal digits")
    return Reference(digest_prefix=digits)


def _split_head(text: str, head: str) -> tuple[str, str, str]:
    parts = head.split("/")
    if len(parts) > 3 or not all(NAME.match(part) for part in parts):
        raise _invalid(text, f"{head!r} is not [[entity/]project/]collection")
    if RESERVED.match(parts[-1]):
        raise _invalid(text, f"{parts[-1]!r} is no collection; a collection's name stands before it")
    entity, project, collection = [""] * (3 - len(parts)) + parts
    return entity, project, collection


def _selector(text: str, selector: str) -> tuple[int | None, str]:
    number = NUMBER.match(selector)
    if number:
        return int(number[1]), ""
    if not NAME.match(selector) or (RESERVED.match(selector) and selector != LATEST):
        raise _invalid(text, f"{selector!r} is neither a version number (v3) nor an alias")
    return None, selector


def _instant(text: str, when: str, zone: tzinfo) -> int:
    try:
        return instant.parse(when, zone)
    except InvalidInput as error:
        raise _invalid(text, error.message) from error


def _invalid(text: str, why: str) -> InvalidReference:
    return InvalidReference(f"{text[:200]!r} is not a reference: {why[:300]}", hint=_HINT)
