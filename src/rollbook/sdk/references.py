"""References: bytes that stay where they are, recorded with their checksum. Only local files are ever read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from rollbook.model.canonical import check_text
from rollbook.model.errors import InvalidInput
from rollbook.model.manifest import Entry
from rollbook.model.names import check_path, has_invisible
from rollbook.sdk import files

_MAX_URI = 4096
# A signed link is a key to its bytes: sealed into a manifest it could never be taken back.
_SIGNED = re.compile(r"(?i)(^|&)(x-amz-(signature|security-token|credential)|x-goog-signature|sig|signature|token)=")


def entries(uri: str, name: str | None, checksum: str | Literal[False] | None, size: int | None) -> Iterator[Entry]:
    """Entries for a URI: one, or one per file where it is a local folder.

    Args:
        uri: `file://` (checksum and size are computed now), `s3://`, `gs://`, `https://` ...
        name: Path inside the version; default the last part of the URI.
        checksum: As the store states it; False to record none.
        size: Bytes, where known.

    Raises:
        InvalidInput: The URI has no scheme, carries a secret, or a remote one comes without a checksum.
        SourceUnreadable: A local file is not there.
    """
    parts = _split(uri)
    if parts.scheme == "file":
        yield from _local(uri, parts, name)
        return
    if checksum == "" or not (isinstance(checksum, str) or checksum is False):
        raise InvalidInput(
            f"reference {uri!r} comes without a checksum",
            hint="pass checksum='etag:...' or 'sha256:...', or checksum=False to record none",
        )
    if size is not None and size < 0:
        raise InvalidInput(f"a size of {size} bytes is not possible", hint="leave it out where it is not known")
    path = name or unquote(parts.path).rstrip("/").rpartition("/")[2]
    text = check_text(checksum, "checksum") if isinstance(checksum, str) else ""
    yield Entry(path=check_path(path), kind="reference", uri=uri, checksum=text, size=size)


def _split(uri: str) -> SplitResult:
    if len(check_text(uri, "uri").encode()) > _MAX_URI or has_invisible(uri) or any(c.isspace() for c in uri):
        raise InvalidInput(f"{uri[:200]!r} is not a URI", hint=f"at most {_MAX_URI} visible bytes, spaces as %20")
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise InvalidInput(f"{uri!r} is not a URI: {error}", hint="for example s3://bucket/key") from error
    if len(parts.scheme) < 2:  # one letter is a Windows drive
        raise InvalidInput(f"{uri!r} has no scheme", hint="for example s3://bucket/key or file:///data/log.csv")
    user, _, host = parts.netloc.rpartition("@")
    is_login = bool(user) and (":" in user or parts.scheme in ("http", "https"))  # abfss://container@account is none
    if is_login or _SIGNED.search(parts.query):
        raise InvalidInput(
            f"the reference to {parts.scheme}://{host}{parts.path} carries a password or a signature",
            hint="give the plain address: a reference is kept for ever",
        )
    return parts


def _local(uri: str, parts: SplitResult, name: str | None) -> Iterator[Entry]:
    if parts.netloc not in ("", "localhost"):
        raise InvalidInput(f"{uri!r} is on the host {parts.netloc!r}", hint="a local file is file:///path")
    if not parts.path:
        raise InvalidInput(f"{uri!r} names no file", hint="a local file is file:///path")
    if parts.query or parts.fragment:
        raise InvalidInput(f"{uri!r} has a '?' or '#'", hint="use Path(...).as_uri(), which writes them as %3F and %23")
    return files.local_references(Path(unquote(parts.path)), name)
