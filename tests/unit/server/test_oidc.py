"""What an identity provider's token must say, and who must have signed it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from authlib.common.errors import AuthlibBaseError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey

from rollbook.app.identities import Grant
from rollbook.model.errors import Unauthenticated
from rollbook.server.derived import derived
from rollbook.server.oidc import Provider
from rollbook.server.settings import OidcSettings

ISSUER = "https://id.example.org"
REFUSED = (AuthlibBaseError, JoseError, Unauthenticated, ValueError)
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
PROVIDER = Provider(
    OidcSettings(
        issuer=ISSUER,
        client_id="rollbook",
        grants=(("tutors", Grant("analyst", "maths")), ("all", Grant("viewer", "x"))),
    )
)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": "rollbook", "sub": "4711", "iat": now, "exp": now + 60, "nonce": "n"} | changed
    return {name: value for name, value in said.items() if value is not None}


def read(said: dict[str, Any], key: Any = KEY, algorithm: str = "RS256") -> dict[str, Any]:
    token = jwt.encode({"alg": algorithm, "kid": "one"}, said, key, algorithms=[algorithm])
    return PROVIDER._claims({"id_token": token}, KeySet([KEY]), "n")


def test_a_token_for_this_sign_in_is_taken() -> None:
    assert read(claims())["sub"] == "4711"
    assert read(claims(email_verified=True, aud=["rollbook"]))["sub"] == "4711"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": ISSUER + "/"},
        {"aud": "somebody else"},
        {"aud": []},
        {"aud": None},
        {"aud": ["rollbook", "somebody else"], "azp": "somebody else"},
        {"sub": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"nbf": 99_999_999_999},
        {"email": "root@example.org", "email_verified": False},
        {"email": "root@example.org", "email_verified": "false"},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(REFUSED):
        read(claims(**changed))


def test_only_the_provider_can_sign() -> None:
    with pytest.raises(REFUSED):
        read(claims(), OTHER)
    with pytest.raises(REFUSED):
        read(claims(), OctKey.import_key("a secret that both know, long enough"), "HS256")
    unsigned = "eyJhbGciOiJub25lIn0." + jwt.encode({"alg": "RS256"}, claims(), KEY).split(".")[1] + "."
    with pytest.raises(REFUSED):
        PROVIDER._claims({"id_token": unsigned}, KeySet([KEY]), "n")


def test_groups_give_what_the_map_says_and_nothing_else() -> None:
    assert PROVIDER._grants(claims(groups=["tutors", "admin", "owner"])) == (Grant("analyst", "maths"),)
    assert PROVIDER._grants(claims(groups="all")) == (Grant("viewer", "x"),)
    for none in (None, [], {}, "", 7, ["tutor"], [["tutors"]]):
        assert PROVIDER._grants(claims(groups=none)) == ()


@pytest.mark.parametrize("subject", ["", "x" * 256, "a\nb", "a\0b"])
def test_a_subject_that_cannot_be_kept_is_refused(subject: str) -> None:
    with pytest.raises(Unauthenticated):
        PROVIDER._who(claims(sub=subject))


def test_values_for_different_purposes_are_different() -> None:
    made = {derived(secret, purpose) for secret in ("a", "b") for purpose in ("state", "nonce", "verifier")}
    assert {len(value) for value in made} == {43}
    assert len(made) == 6
