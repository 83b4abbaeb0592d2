"""Managing people from the command line: on a data directory, whose owner acts, or over a server."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput
from rollbook.sdk import settings

if TYPE_CHECKING:
    from rollbook.sdk.people import PeopleVerbs

_LIFE = re.compile(r"([0-9]{1,6})([dwy])\Z")
_DAYS = {"d": 1, "w": 7, "y": 365}


@contextmanager
def people_of(call: Call) -> Generator[PeopleVerbs]:
    """The people of the register that the call is about."""
    found = settings.resolve(call.data_dir, call.project, server=call.server)
    people = _owned(found) if found.server is None else _remote(found.server)
    try:
        yield people
    finally:
        people.close()


def _owned(found: settings.Settings) -> PeopleVerbs:
    from rollbook.cli.owner import OwnedPeople
    from rollbook.cli.register import open_owned

    return OwnedPeople(open_owned(found))


def _remote(place: settings.ServerPlace) -> PeopleVerbs:
    from rollbook.sdk.remote.opening import open_client
    from rollbook.sdk.remote.people import RemotePeople

    return RemotePeople(open_client(place))


def days_of(life: str) -> int | None:
    """Days of a life such as `90d`, `12w` or `1y`; None for "".

    Raises:
        InvalidInput: It is written in another way.
    """
    if not life:
        return None
    match = _LIFE.match(life)
    if match is None:
        raise InvalidInput(f"--expires {life!r} is no time", hint="for example 90d, 12w or 1y")
    return int(match[1]) * _DAYS[match[2]]
