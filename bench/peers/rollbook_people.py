"""Make a data directory with one analyst in it, and print her key: DATA_DIR [RUNS], with so many runs of `bench`."""

import secrets
import sys
import time
from pathlib import Path

from rollbook.app import apikeys, datadir, members, runs, users
from rollbook.model.canonical import JSON
from rollbook.model.facts import NewRun
from rollbook.model.people import NewKey, NewMember, NewUser

register = datadir.open_directory(
    Path(sys.argv[1]),
    user="user:owner",
    clock=lambda: time.time_ns() // 1000,
    random=secrets.token_bytes,
    create=True,
)
users.add_user(register, NewUser(name="bench"))
members.add_member(register, NewMember(user="bench", to="local", role="analyst"))
for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 0):
    config: dict[str, JSON] = {"lr": 0.1 / (number % 9 + 1), "layers": number % 7, "seed": number}
    runs.start(register, NewRun(project="bench", config=config, tags=("nightly",), group=f"group{number % 50}"))
print(apikeys.add_key(register, NewKey(user="bench")).key)
