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
    """
    from rollbook.sdk.embedded import Embedded

    return Embedded.open(
        settings.data_dir,
        user=settings.user,
        clock=lambda: time.time_ns() // 1000,
        random=os.urandom,
        create=create,
        file_cache=settings.file_cache,
    )
