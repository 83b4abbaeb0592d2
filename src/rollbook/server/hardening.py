"""What stands between the network and the routes: headers on every answer, known host names, a bound on the load."""

from __future__ import annotations

from starlette.types import ASGIApp

from rollbook.server.headers import SecurityHeaders
from rollbook.server.hosts import KnownHosts
from rollbook.server.limits import Shedding
from rollbook.server.settings import ServerSettings


def harden(application: ASGIApp, settings: ServerSettings) -> ASGIApp:
    """The application behind all of it, outermost first: headers, host names, load."""
    bounded = Shedding(application, settings.max_in_flight)
    return SecurityHeaders(KnownHosts(bounded, settings.hosts), secure=settings.is_secure)
