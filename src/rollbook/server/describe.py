"""The API's description, as it is checked in: `python -m rollbook.server.describe > docs/openapi.json`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from rollbook.app import datadir
from rollbook.server.application import create_application, describe
from rollbook.server.settings import ServerSettings
from rollbook.server.state import State


def description() -> str:
    """The description (OpenAPI) as text, the same for the same routes and documents."""
    with tempfile.TemporaryDirectory(prefix="rollbook-describe-") as folder:
        root = Path(folder)
        register = datadir.open_directory(root, user="user:nobody", clock=lambda: 0, random=os.urandom, create=True)
        with register.catalog:
            described = describe(create_application(State(settings=ServerSettings(data_dir=root), system=register)))
    return json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
