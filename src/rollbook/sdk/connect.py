"""From settings to a transport: the composition root of the SDK. Clock and randomness enter here."""

from __future__ import annotations

import os
import time

from rollbook.sdk.settings import Settings
from rollbook.sdk.transport import Transport


def connect(settings: Settings, *, create: bool = False) -> Transport:
    """Open the register that the settings name.

    Args:
        settings: Where and as whom.
        create: Make the data directory where it is not there.

    Raises:
        NotFound: There is no data directory and `create` is False.
        InvalidInput: The server's address would give the key away.
        Unauthenticated: There is no key for the server.
    """
    if settings.server is not None:
        from rollbook.sdk.remote.opening import open_remote

        return open_remote(settings.server, clock=_now, file_cache=settings.file_cache)
    from rollbook.sdk.embedded import Embedded

    return Embedded.open(
        settings.data_dir,
        user=settings.user,
        clock=_now,
        random=os.urandom,
        create=create,
        file_cache=settings.file_cache,
        elsewhere=settings.elsewhere,
    )


def _now() -> int:
    return time.time_ns() // 1000
