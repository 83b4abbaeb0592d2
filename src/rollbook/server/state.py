"""What the server holds while it runs: one open register, and what it was told."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from rollbook.app import readiness
from rollbook.app.register import Register
from rollbook.model.permission import Actor
from rollbook.server.events import Feeds
from rollbook.server.health import Health
from rollbook.server.limits import Buckets, SignInLimits
from rollbook.server.metrics import Metrics
from rollbook.server.settings import ServerSettings

if TYPE_CHECKING:
    from rollbook.server.oidc import Provider


@dataclass(frozen=True)
class State:
    """The server's own things.

    Attributes:
        settings: What it was told.
        system: The register as the server itself sees it; its actor may look people up, and nothing else is done in
            its name but what runs without a caller (jobs).
        stopping: Set once the server was told to stop: streams end, and nothing new begins.
    """

    settings: ServerSettings
    system: Register
    stopping: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def callers(self) -> Buckets:
        """How much each caller may still ask."""
        return Buckets(self.settings.key_rate, time.monotonic)

    @cached_property
    def sign_ins(self) -> SignInLimits:
        """How often each address and each account may still try to sign in."""
        return SignInLimits(time.monotonic)

    @cached_property
    def health(self) -> Health:
        """Whether the server can do its work."""
        return Health(lambda: readiness.look(self.system))

    @cached_property
    def metrics(self) -> Metrics:
        """What the server counts."""
        return Metrics()

    @cached_property
    def feeds(self) -> Feeds:
        """Who listens to what."""
        feeds = Feeds(self.stopping.is_set)
        self.metrics.listeners.set_function(lambda: feeds.count)
        return feeds

    @cached_property
    def provider(self) -> Provider | None:
        """The identity provider through which people sign in, or None."""
        if self.settings.oidc is None:
            return None
        from rollbook.server.oidc import Provider

        return Provider(self.settings.oidc)

    def register_for(self, actor: Actor) -> Register:
        """The register as one caller sees it."""
        return replace(self.system, actor=actor)


def state_of(connection: HTTPConnection) -> State:
    """The state of the server that answers this connection."""
    return cast(State, connection.app.state.rollbook)
