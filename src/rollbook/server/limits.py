"""How much may be asked at once and in a while: buckets of tokens per caller, and a bound on what is in flight."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.model.errors import TooManyRequests, Unavailable
from rollbook.server.faults import answer_to
from rollbook.server.settings import Rate

MAX_CALLERS = 10_000
BY_ADDRESS = Rate(5 / 60, 5)
BY_ACCOUNT = Rate(20 / 3600, 20)
DEPARTURES = Rate(1, 60)
ALWAYS_ANSWERED = frozenset({"/healthz", "/ready", "/metrics"})
"""What tells an operator or a load balancer how the server is, above all when it is busy."""


class Buckets:
    """A bucket of tokens for each caller. It holds `burst` tokens and gains `per_second`. Threads may share it.

    At most `MAX_CALLERS` are remembered; the one that was heard of longest ago is forgotten first.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        """Start with full buckets.

        Args:
            rate: What each caller may do.
            clock: Seconds that never go back.
        """
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Take a token.

        Raises:
            TooManyRequests: There is none; the error says when there will be.
        """
        with self._lock:
            tokens = self._tokens(caller)
            self._keep(caller, tokens - 1 if tokens >= 1 else tokens)
        if tokens < 1:
            seconds = (1 - tokens) / self._rate.per_second
            raise TooManyRequests("too many requests", hint=f"try again in {seconds:.0f} s", retry_after=seconds)

    def give_back(self, caller: str) -> None:
        """Put a token back: what it was taken for does not count."""
        with self._lock:
            self._keep(caller, min(self._tokens(caller) + 1, self._rate.burst))

    def _tokens(self, caller: str) -> float:
        tokens, at = self._callers.get(caller, (float(self._rate.burst), self._clock()))
        return min(tokens + (self._clock() - at) * self._rate.per_second, self._rate.burst)

    def _keep(self, caller: str, tokens: float) -> None:
        self._callers[caller] = (tokens, self._clock())
        self._callers.move_to_end(caller)
        if len(self._callers) > MAX_CALLERS:
            self._callers.popitem(last=False)


class SignInLimits:
    """How often somebody may try to sign in: from one address, and to one account. Who gets in has tried for free."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._by_address = Buckets(BY_ADDRESS, clock)
        self._by_account = Buckets(BY_ACCOUNT, clock)
        self._departures = Buckets(DEPARTURES, clock)

    def attempt(self, address: str, account: str) -> None:
        """Count an attempt; `account` is "" where it is at no account.

        Raises:
            TooManyRequests: There were too many.
        """
        self._by_address.take(_network_of(address))
        if account:
            self._by_account.take(account.lower())

    def succeeded(self, address: str, account: str) -> None:
        """Do not count an attempt after all: a whole school may share one address."""
        self._by_address.give_back(_network_of(address))
        self._by_account.give_back(account.lower())

    def depart(self, address: str) -> None:
        """Count a browser that is sent to the identity provider.

        Raises:
            TooManyRequests: There were too many.
        """
        self._departures.take(_network_of(address))


def _network_of(address: str) -> str:
    """Whoever has an IPv6 address has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


class Shedding:
    """Works on a bounded number of requests at once. More are told to come back, before they cost anything.

    A request counts until its answer begins; so a stream of events or a download holds no place.
    """

    def __init__(self, application: ASGIApp, most: int) -> None:
        self._application = application
        self._most = most
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Work on a request, or send it away."""
        if scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            return await self._application(scope, receive, send)
        if self._in_flight >= self._most:
            busy = answer_to(Unavailable("the server is busy", hint="try again in a second"))
            busy.headers["Connection"] = "close"  # what follows of a large request is not worth reading
            return await busy(scope, receive, send)
        self._in_flight += 1
        counted = True

        def done() -> None:
            nonlocal counted
            self._in_flight -= counted
            counted = False

        async def sending(message: Message) -> None:
            done()
            await send(message)

        try:
            await self._application(scope, receive, sending)
        finally:
            done()
