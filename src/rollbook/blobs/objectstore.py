"""A store in the cloud: S3 and what speaks it, Google Cloud Storage, Azure.

Publish order (invariant 8): the object is gathered in a local file -> one request that creates it, and only where
there is none of that name -> the service answers, which means durable and visible. When the answer is lost, publishing
again finds the object, and compares it byte by byte: no name and no tag of the service is taken for its content.

Objects larger than `SINGLE_BYTES` go up in parts, which services cannot make conditional on the way used here. Such a
name is looked for first; two writers at the same moment write the same bytes, since names are made of digests.

Credentials, region and endpoint come from where the services' own tools take them (`AWS_ACCESS_KEY_ID`,
`AWS_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_KEY`, a machine's role ...).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from rollbook.blobs.oserrors import write_error
from rollbook.blobs.store import Buffer, ObjectWriter, check_name
from rollbook.model.errors import CorruptData, InvalidInput, NotFound, RollbookError, StorageFull, Unavailable
from rollbook.model.extras import needs_extra

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Service

SINGLE_BYTES = 128 * 1024 * 1024
"""Objects up to this size are created by one request; a pack is about half as large."""
SCHEMES = ("s3", "gs", "az")
_PART_BYTES = 16 * 1024 * 1024
_PARTS_AT_ONCE = 4
_NAMES_PER_PAGE = 1000
_URL = re.compile(rf"({'|'.join(SCHEMES)})://[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*/?\Z")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"(?:<Code>|\(code: )(\w+)")
_DENIED = ("AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken")
_NOT_THERE, _NO_SUCH_RANGE, _FULL = "404", "416", "507"
_PLAIN_HTTP = "BadScheme"
_CLIENT: dict[str, Any] = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "600s"}
_BACKOFF = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2}
_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=60), "backoff": _BACKOFF}


def is_store_url(text: str) -> bool:
    """Whether a text names a place in an object store, such as `s3://bucket/prefix`."""
    return text.partition("://")[0] in SCHEMES and "://" in text


class CloudStore:
    """Objects below a prefix of a bucket. A forked child must open one of its own.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`.
        spool: Folder for objects on their way up; made when first needed.
        allow_http: Whether an endpoint may be spoken to without TLS.

    Raises:
        InvalidInput: The URL or the settings of the service in the environment cannot be used.
        MissingExtra: The library for object stores is not installed.
    """

    def __init__(self, url: str, spool: Path, *, allow_http: bool = False) -> None:
        if not _URL.match(url):
            raise InvalidInput(
                f"{url.partition('?')[0]!r} names no object store", hint="for example s3://bucket/prefix"
            )
        self.url = url.rstrip("/")
        self.spool = spool
        self.service: Service = _connect(self.url, allow_http=allow_http)

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`.

        Raises:
            StorageFull: No room, or no permission to write, in the local folder.
        """
        return _CloudWriter(self)

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        check_name(name)
        if not len(buffer):
            _require(self.size(name), name)
            return 0
        try:
            found = memoryview(self.service.get_range(name, start=offset, length=len(buffer)))
        except Exception as error:
            if _status(error) == _NO_SUCH_RANGE:
                return 0
            raise self.failure(error, name) from error
        buffer[: len(found)] = found
        return len(found)

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
        try:
            return int(self.service.head(check_name(name))["size"])
        except Exception as error:
            found = self.failure(error, name)
            if isinstance(found, NotFound):
                return None
            raise found from error

    def list(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list`."""
        folder = prefix.rpartition("/")[0]
        service: Any = self.service  # its types leave out what a page holds
        try:
            for page in service.list(folder or None, chunk_size=_NAMES_PER_PAGE):
                yield from (item["path"] for item in page if item["path"].startswith(prefix))
        except Exception as error:
            raise self.failure(error, prefix) from error

    def settle(self, names: Sequence[str]) -> None:
        """See `ObjectStore.settle`: what a service has answered for is durable."""

    def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        try:
            self.service.delete(check_name(name))
        except Exception as error:
            found = self.failure(error, name, writing=True)
            if not isinstance(found, NotFound):
                raise found from error

    def close(self) -> None:
        """See `ObjectStore.close`: connections are shared by the process, and end when they idle."""

    def failure(self, error: Exception, name: str, *, writing: bool = False) -> RollbookError:
        """What a failure of the service means to the caller.

        Args:
            error: What its library raised.
            name: The object at hand.
            writing: Whether something was to be changed.
        """
        if isinstance(error, RollbookError):
            return error
        status, code = _status(error), _first(_CODE, str(error))
        where = f"{self.url}/{name}"
        if _PLAIN_HTTP in str(error):
            return InvalidInput(
                f"the endpoint of {self.url} speaks plain http", hint="use https, or set AWS_ALLOW_HTTP=true"
            )
        if code == "NoSuchBucket":
            return Unavailable(f"the bucket of {self.url} does not exist", hint="create it, or correct the URL")
        if isinstance(error, FileNotFoundError) or status == _NOT_THERE:
            return NotFound(f"no object {where}")
        if _kind(error) in ("PermissionDeniedError", "UnauthenticatedError") or code in _DENIED:
            kind = StorageFull if writing else Unavailable
            return kind(
                f"the object store refuses access to {where} ({code or status or 'no permission'})",
                hint="check the credentials in the environment, and what they may do with the bucket",
            )
        if status == _FULL or code in ("QuotaExceeded", "InsufficientStorage"):
            return StorageFull(f"the object store has no room for {where} ({code or status})", hint="make room there")
        return Unavailable(f"the object store does not serve {where}: {_told(error)}", hint="try again in a moment")


class _CloudWriter:
    def __init__(self, store: CloudStore) -> None:
        self._store = store
        self._size = 0
        self._published = False
        try:
            store.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[bytes] | None = TemporaryFile(dir=store.spool)  # noqa: SIM115 - `discard` closes it
        except OSError as error:
            raise write_error(error, str(store.spool)) from error

    def write(self, pieces: Sequence[Buffer]) -> None:
        file = self._open()
        try:
            for piece in pieces:
                self._size += file.write(piece)
        except OSError as error:
            self.discard()
            raise write_error(error, str(self._store.spool)) from error

    def publish(self, name: str) -> None:
        if self._published:
            return
        file, store = self._open(), self._store
        file.seek(0)
        try:
            if self._size <= SINGLE_BYTES:
                store.service.put(check_name(name), file.read(), mode="create", use_multipart=False)
            elif store.size(name) is None:
                store.service.put(
                    name, file, use_multipart=True, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
                )
            else:
                self._compare(file, name)
        except Exception as error:
            if _kind(error) != "AlreadyExistsError":
                raise store.failure(error, name, writing=True) from error
            self._compare(file, name)
        self._published = True
        self.discard()

    def discard(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _compare(self, file: IO[bytes], name: str) -> None:
        """Whether what stands under the name is this object."""
        same = self._store.size(name) == self._size
        buffer, offset = memoryview(bytearray(_PART_BYTES)), 0
        file.seek(0)
        while same and (mine := file.read(_PART_BYTES)):
            same = (
                self._store.read_into(name, offset, buffer[: len(mine)]) == len(mine)
                and bytes(buffer[: len(mine)]) == mine
            )
            offset += len(mine)
        if not same:
            raise CorruptData(
                f"{self._store.url}/{name} exists and is not the object of {self._size} bytes that belongs there",
                hint="run `rollbook verify`; move the damaged object away, then log the same content again",
            )

    def _open(self) -> IO[bytes]:
        if self._file is None:
            raise Unavailable(
                "this object was already published, discarded or failed", hint="write it again from the start"
            )
        return self._file


def _connect(url: str, *, allow_http: bool) -> Service:
    with needs_extra("s3"):
        from obstore.store import from_url
    client = _CLIENT | {"allow_http": allow_http}
    options: dict[str, Any] = {"client_options": client, "retry_config": _RETRIES}
    try:
        return from_url(url, **options)
    except Exception as error:
        raise InvalidInput(f"cannot use {url}: {_told(error)}", hint="check the service's settings") from error


def _require(size: int | None, name: str) -> None:
    if size is None:
        raise NotFound(f"no object {name}")


def _kind(error: Exception) -> str:
    """The error's name. Its class would have to be imported, which loads the library for callers that do not use it."""
    return type(error).__name__


def _status(error: Exception) -> str:
    return _first(_STATUS, str(error))


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _told(error: Exception) -> str:
    """The first line of what the library says, without the query of a URL, which may hold a signature."""
    return re.sub(r"\?\S*", "", str(error).partition("\n")[0])[:300]
