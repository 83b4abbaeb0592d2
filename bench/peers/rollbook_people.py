"""Make a data directory with one analyst in it, and print her key: DATA_DIR."""

import secrets
import sys
import time
from pathlib import Path

from rollbook.app import apikeys, datadir, members, users
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
print(apikeys.add_key(register, NewKey(user="bench")).key)
