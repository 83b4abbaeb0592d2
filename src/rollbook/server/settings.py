"""What the server is told: arguments first, then the environment. The only module of the server that reads it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

import msgspec

from rollbook.app.identities import Grant
from rollbook.model.errors import InvalidInput
from rollbook.model.permission import GRANTABLE

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765
LogLevel = Literal["debug", "info", "warning", "error"]
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
ENVIRONMENT = {
    "ROLLBOOK_DATABASE": "database URL; default the data directory's own catalog",
    "ROLLBOOK_STORE": "URL of the object store; default the data directory's own blobs",
    "ROLLBOOK_BASE_URL": "how people reach the server, such as https://rollbook.example.org",
    "ROLLBOOK_ALLOWED_HOSTS": "more host names that requests may be sent to, separated by commas",
    "ROLLBOOK_KEY_RATE": "requests per second and burst of one caller, such as 50/200",
    "ROLLBOOK_LOG_LEVEL": "the least that is worth a line of the log: debug, info (the default), warning or error",
    "ROLLBOOK_OIDC_ISSUER": "address of the identity provider, spelled as it spells it",
    "ROLLBOOK_OIDC_CLIENT_ID": "what the provider calls this server",
    "ROLLBOOK_OIDC_CLIENT_SECRET": "what this server proves itself with there",
    "ROLLBOOK_OIDC_CLIENT_SECRET_FILE": "a file that holds it",
    "ROLLBOOK_OIDC_NAME": "what people call the provider",
    "ROLLBOOK_OIDC_SCOPE": "what is asked of it; default 'openid profile'",
    "ROLLBOOK_OIDC_GROUPS_CLAIM": "claim that lists a person's groups; default groups",
    "ROLLBOOK_OIDC_ROLES": "what groups give, such as 'ml-team=analyst@maths, heads=viewer@local'; default nothing",
}


class Rate(msgspec.Struct, frozen=True):
    """How often somebody may do something.

    Attributes:
        per_second: In the long run.
        burst: At once.
    """

    per_second: float
    burst: int


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The identity provider through which people sign in. Its text form never shows the secret.

    Attributes:
        issuer: Its address, spelled as it spells it.
        client_id: What it calls this server.
        client_secret: What this server proves itself with, or "" for a public client.
        name: What people call it.
        scope: What is asked of it; more where it needs that to tell a person's groups.
        groups_claim: The claim that lists a person's groups.
        grants: What each group gives. Nobody else gets an account by signing in.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    name: str = "your organisation"
    scope: str = "openid profile"
    groups_claim: str = "groups"
    grants: tuple[tuple[str, Grant], ...] = ()

    def __repr__(self) -> str:
        return f"OidcSettings({self.issuer!r})"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server process.

    Attributes:
        data_dir: Data directory: keys and caches always, catalog and blobs unless they are elsewhere.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        database: Database URL, or "" for the data directory's own catalog.
        store: URL of the object store, or "" for the data directory's own blobs.
        allow_http: Whether the object store may be spoken to without TLS.
        base_url: How people reach this server, for links; "" to make it from host and port.
        allowed_hosts: Host names that requests may be sent to, beside loopback and the base URL's.
        tls_cert: PEM file of the server's certificate and its chain, or None for plain HTTP.
        tls_key: PEM file of its key.
        proxies: Addresses of the proxies in front, whose word on client and scheme is taken.
        insecure: Whether plain HTTP beyond this machine was asked for in so many words.
        key_rate: Requests of one caller.
        oidc: The identity provider, or None.
        max_in_flight: Requests worked on at once; more are told to come back.
        log_level: The least that is worth a line of the log.
        failures: What a test build does at its failpoints (`rollbook.server.failpoints`), or "".
    """

    data_dir: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    database: str = ""
    store: str = ""
    allow_http: bool = False
    base_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    insecure: bool = False
    key_rate: Rate = Rate(50, 200)
    oidc: OidcSettings | None = None
    max_in_flight: int = 200
    log_level: LogLevel = "info"
    failures: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether people reach the server over TLS, ended here or by a proxy."""
        return self.tls_cert is not None or self.base_url.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """Every host name, without port, that a request may be sent to."""
        own = urlsplit(self.base_url).hostname or ""
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, own, *self.allowed_hosts) if name)


def resolve(
    data_dir: Path,
    environment: Mapping[str, str] | None = None,
    *,
    enable_failpoints: bool = False,
    **given: Any,
) -> ServerSettings:
    """Settle what the server is told, and refuse what would expose it.

    Args:
        data_dir: The data directory.
        environment: Where to read what was not given; default this process's.
        enable_failpoints: Whether the environment may ask the server to fail, for tests of what happens then.
        **given: Fields of `ServerSettings`; None for not given.

    Raises:
        InvalidInput: A value makes no sense, or the server would listen beyond this machine in plain text.
    """
    found = os.environ if environment is None else environment
    told: dict[str, Any] = {
        "database": found.get("ROLLBOOK_DATABASE", ""),
        "store": found.get("ROLLBOOK_STORE", ""),
        "allow_http": found.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1"),
        "base_url": _base_url(found.get("ROLLBOOK_BASE_URL", "")),
        "allowed_hosts": _listed(found.get("ROLLBOOK_ALLOWED_HOSTS", "")),
        "oidc": _oidc(found),
        "log_level": _log_level(found.get("ROLLBOOK_LOG_LEVEL", "")),
        "failures": found.get("ROLLBOOK_FAIL", "") if enable_failpoints else "",
    }
    if found.get("ROLLBOOK_KEY_RATE"):
        told["key_rate"] = _rate(found["ROLLBOOK_KEY_RATE"])
    told |= {name: value for name, value in given.items() if value is not None}
    settings = ServerSettings(data_dir=data_dir, **told)
    _check(settings)
    return settings


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check(settings: ServerSettings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise InvalidInput("TLS needs a certificate and its key", hint="give --tls-cert and --tls-key")
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not os.access(path, os.R_OK):
            raise InvalidInput(f"{str(path)!r} cannot be read", hint="name a PEM file that this user may read")
    if is_loopback(settings.host) or settings.tls_cert is not None or settings.proxies or settings.insecure:
        return
    raise InvalidInput(
        f"{settings.host!r} is reached from other machines, and without TLS everybody between can read the keys",
        hint="give --tls-cert and --tls-key, or --behind-proxy ADDRESS of the proxy that ends TLS, "
        "or --i-understand-insecure",
    )


def _log_level(text: str) -> LogLevel:
    level = cast("LogLevel", text.lower() or "info")
    if level not in get_args(LogLevel):
        raise InvalidInput(f"ROLLBOOK_LOG_LEVEL is {text!r}", hint=f"one of {', '.join(get_args(LogLevel))}")
    return level


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query):
        raise InvalidInput(f"ROLLBOOK_BASE_URL is {text!r}", hint="for example https://rollbook.example.org")
    return text.rstrip("/")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _rate(text: str) -> Rate:
    per_second, _, burst = text.partition("/")
    try:
        rate = Rate(float(per_second), int(burst))
    except ValueError:
        rate = Rate(0, 0)
    if not (0 < rate.per_second < 1e6 and rate.burst >= 1):
        raise InvalidInput(f"ROLLBOOK_KEY_RATE is {text!r}", hint="for example 50/200: per second, and at once")
    return rate


def _oidc(found: Mapping[str, str]) -> OidcSettings | None:
    issuer = found.get("ROLLBOOK_OIDC_ISSUER", "")
    if not issuer:
        return None
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise InvalidInput(f"ROLLBOOK_OIDC_ISSUER is {issuer!r}", hint="an identity provider has an https:// address")
    if not found.get("ROLLBOOK_OIDC_CLIENT_ID"):
        raise InvalidInput("ROLLBOOK_OIDC_CLIENT_ID is not set", hint="the identity provider gives it to you")
    told = {"name": "ROLLBOOK_OIDC_NAME", "scope": "ROLLBOOK_OIDC_SCOPE", "groups_claim": "ROLLBOOK_OIDC_GROUPS_CLAIM"}
    return OidcSettings(
        issuer=issuer,
        client_id=found["ROLLBOOK_OIDC_CLIENT_ID"],
        client_secret=_secret(found),
        grants=tuple(_grant(part) for part in _listed(found.get("ROLLBOOK_OIDC_ROLES", ""))),
        **{field: found[name] for field, name in told.items() if found.get(name)},
    )


def _secret(found: Mapping[str, str]) -> str:
    path = found.get("ROLLBOOK_OIDC_CLIENT_SECRET_FILE")
    if not path:
        return found.get("ROLLBOOK_OIDC_CLIENT_SECRET", "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"ROLLBOOK_OIDC_CLIENT_SECRET_FILE: {error}", hint="name a file with the secret") from error


def _grant(text: str) -> tuple[str, Grant]:
    group, _, grant = text.rpartition("=")
    role, _, to = grant.partition("@")
    if not group or not to or role not in GRANTABLE:
        raise InvalidInput(
            f"ROLLBOOK_OIDC_ROLES has {text!r}", hint=f"GROUP=ROLE@TEAM, the role one of {', '.join(GRANTABLE)}"
        )
    return group, Grant(role, to)
