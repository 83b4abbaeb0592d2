"""What the suites over databases and object stores share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.services.s3 import S3Server


@pytest.fixture
def cloud(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Gives URLs of new places in an object store, whose credentials are in the environment."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server.bucket
