"""Documents of signing in from a browser."""

from __future__ import annotations

import msgspec


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person signs in with. Its text form never shows the password."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"SignIn({self.user!r})"


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A session, as its own pages may know it.

    Attributes:
        user: Login name.
        csrf: What pages send as `X-Rollbook-CSRF` with everything that may change something.
        expires_at: UTC microseconds of its end, if nothing more is heard of it.
    """

    user: str
    csrf: str
    expires_at: int


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of one's own password. Its text form shows neither."""

    old: str
    new: str

    def __repr__(self) -> str:
        return "NewPassword()"


class GivenPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password that an administrator gives somebody. Its text form does not show it."""

    password: str

    def __repr__(self) -> str:
        return "GivenPassword()"


class Setup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first administrator. Its text form never shows the secrets.

    Attributes:
        token: The one-time token that the server wrote when it started.
        user: Login name.
        password: Password.
    """

    token: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Setup({self.user!r})"
