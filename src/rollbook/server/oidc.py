"""Signing in through an identity provider: OpenID Connect, authorization code with PKCE.

What the provider is, is fixed by the administrator: issuer, client, algorithms. Nothing is remembered between two
sign-ins but a token that works once; state, nonce and verifier are derived from a secret that only the browser keeps.
"""

from __future__ import annotations

from typing import Any, cast

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rollbook.app.identities import Grant, Subject
from rollbook.model.errors import Unauthenticated, Unavailable
from rollbook.server.derived import derived
from rollbook.server.settings import OidcSettings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make: none of `none`, nor one with a secret that we share."""
SECONDS = 10
LEEWAY_SECONDS = 60
_TRY_AGAIN = "sign in again; if it happens every time, ask an administrator"


class Provider:
    """The identity provider of this server."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings

    @property
    def issuer(self) -> str:
        """Its address, as it spells it."""
        return self._settings.issuer

    def address(self, secret: str, redirect: str) -> str:
        """Where to send a browser that is to sign in there.

        Args:
            secret: What the browser keeps until it comes back.
            redirect: Where it comes back to, as the provider knows it.

        Raises:
            Unavailable: The provider does not answer.
        """
        endpoint = self._discovered()["authorization_endpoint"]
        with self._client(redirect) as client:
            url: tuple[str, str] = client.create_authorization_url(
                endpoint,
                state=derived(secret, "state"),
                nonce=derived(secret, "nonce"),
                code_verifier=derived(secret, "verifier"),
            )
        return url[0]

    def subject(self, secret: str, redirect: str, code: str) -> tuple[Subject, tuple[Grant, ...]]:
        """Who came back with this code, and what their groups give them.

        Raises:
            Unauthenticated: The code, or what it was exchanged for, is not for this sign-in at this server.
            Unavailable: The provider does not answer.
        """
        try:
            known = self._discovered()
            with self._client(redirect) as client:
                token: dict[str, Any] = client.fetch_token(
                    known["token_endpoint"], code=code, code_verifier=derived(secret, "verifier"),
                    grant_type="authorization_code",
                )  # fmt: skip
            keys = KeySet.import_key_set(self._document(known["jwks_uri"]))
            claims = self._claims(token, keys, derived(secret, "nonce"))
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise Unauthenticated(f"the identity provider's answer is refused: {error}", hint=_TRY_AGAIN) from error
        except httpx2.HTTPError as error:
            raise self._away(error) from error
        return self._who(claims), self._grants(claims)

    def _claims(self, token: Any, keys: KeySet, nonce: str) -> dict[str, Any]:
        signed = jwt.decode(token["id_token"], keys, algorithms=list(ALGORITHMS))
        settings = self._settings
        options: dict[str, Any] = {
            "iss": {"essential": True, "value": settings.issuer},
            "aud": {"essential": True, "value": settings.client_id},
            "sub": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        facts = {"nonce": nonce, "client_id": settings.client_id, "access_token": token.get("access_token")}
        claims: Any = CodeIDToken(signed.claims, signed.header, options, facts)
        claims.validate(leeway=LEEWAY_SECONDS)
        if str(claims.get("email_verified", True)).lower() != "true":
            raise Unauthenticated(
                "the identity provider has not verified this person's e-mail address", hint=_TRY_AGAIN
            )
        return dict(claims)

    def _who(self, claims: dict[str, Any]) -> Subject:
        subject = str(claims["sub"])
        if not 1 <= len(subject) <= 255 or not subject.isprintable():
            raise Unauthenticated("the identity provider's name for this person cannot be kept", hint=_TRY_AGAIN)
        return Subject(
            issuer=self._settings.issuer, subject=subject, name=str(claims.get("preferred_username") or subject)
        )

    def _grants(self, claims: dict[str, Any]) -> tuple[Grant, ...]:
        found: Any = claims.get(self._settings.groups_claim) or []
        groups = {str(group) for group in (cast("list[Any]", found) if isinstance(found, list) else [found])}
        return tuple(grant for group, grant in self._settings.grants if group in groups)

    def _client(self, redirect: str) -> Any:
        settings = self._settings
        return OAuth2Client(
            settings.client_id, settings.client_secret or None, scope=settings.scope, redirect_uri=redirect,
            code_challenge_method="S256", timeout=SECONDS, follow_redirects=False,
        )  # fmt: skip

    def _discovered(self) -> dict[str, Any]:
        found = self._document(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._settings.issuer:
            raise Unavailable(
                f"the identity provider calls itself {found.get('issuer')!r}, not {self._settings.issuer!r}",
                hint="ROLLBOOK_OIDC_ISSUER must be spelled as the provider spells it",
            )
        return found

    def _document(self, address: str) -> Any:
        try:
            return httpx2.get(address, timeout=SECONDS, follow_redirects=False).raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> Unavailable:
        return Unavailable(f"the identity provider {self._settings.issuer!r} does not answer: {error}", hint=_TRY_AGAIN)
