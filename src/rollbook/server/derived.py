"""Values for one purpose each, made from one secret."""

from __future__ import annotations

import base64
import hashlib
import hmac


def derived(secret: str, purpose: str) -> str:
    """A value for one purpose: 43 letters, digits, `-` and `_`, from which the secret cannot be found."""
    made = hmac.new(secret.encode(), f"rollbook {purpose}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
