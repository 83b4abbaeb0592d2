"""The one page of the server itself: HTML and CSS, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

STYLE = files("rollbook.server").joinpath("page.css").read_text(encoding="utf-8")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Stricter than elsewhere: this page has no script, no image, and one style sheet of known content."""


def page(sections: Iterable[str]) -> str:
    """The whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Rollbook</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Rollbook</h1>
<p>Versions, lineage and honest comparison per student group, for models and data in education.</p>
</header>
<div class="cards">
{"".join(sections)}
</div>
</main>
</body>
</html>
"""


def sign_in_form(token: str, *, user: str = "", error: str = "", provider: str = "") -> str:
    """The section to sign in with.

    Args:
        token: The form's token.
        user: What was typed before.
        error: What went wrong, or "".
        provider: What the identity provider is called, or "" for none.
    """
    other = f'<a class="button quiet" href="/oidc/start">Sign in with {escape(provider)}</a>' if provider else ""
    return f"""<section aria-labelledby="sign-in">
<h2 id="sign-in">Sign in</h2>
{_error(error)}<form method="post" action="/login">
{_hidden(token)}{_text("user", "User", value=user, complete="username")}
{_password("Password", complete="current-password")}
<button type="submit">Sign in</button>
</form>
{other}</section>
"""


def setup_form(token: str, *, user: str = "", error: str = "") -> str:
    """The section that makes the first administrator."""
    return f"""<section aria-labelledby="setup">
<h2 id="setup">First administrator</h2>
<p class="hint">This server has nobody yet. When it started, it wrote a one-time token to its terminal and to the file
<code>setup-token</code> in its data directory.</p>
{_error(error)}<form method="post" action="/setup">
{_hidden(token)}{_text("setup", "One-time token", complete="off")}
{_text("user", "User", value=user, complete="username")}
{_password("Password", complete="new-password", hint="12 characters or more; four or five words are good.")}
<button type="submit">Make the administrator</button>
</form>
</section>
"""


def signed_in(token: str, user: str, *, link: str = "", provider: str = "", error: str = "") -> str:
    """The section of who is signed in.

    Args:
        token: The form's token.
        user: Login name.
        link: Where to link an account at the identity provider, or "".
        provider: What the identity provider is called.
        error: What went wrong, or "".
    """
    other = f'<a class="button quiet" href="{escape(link)}">Link {escape(provider)}</a>' if link else ""
    return f"""<section aria-labelledby="you">
<h2 id="you">Signed in as {escape(user)}</h2>
{_error(error)}<p class="hint">Programs use a key instead: <code>rollbook key add --user {escape(user)}</code></p>
<form method="post" action="/logout">
{_hidden(token)}<button type="submit" class="quiet">Sign out</button>
</form>
{other}</section>
"""


def connecting(address: str) -> str:
    """The section that says how programs reach this server."""
    shown = escape(address)
    return f"""<section aria-labelledby="programs">
<h2 id="programs">From Python and the command line</h2>
<p>Say once per machine where the server is, with a key that an administrator made for you:</p>
<pre><code>rollbook login --server {shown}
export ROLLBOOK_SERVER={shown}</code></pre>
<p>Then everything works as it does in a directory of your own:</p>
<pre><code>rollbook ls
python train.py</code></pre>
<p class="hint">Where nobody can type, set <code>ROLLBOOK_API_KEY</code> instead of logging in.</p>
<p class="hint">The API is described at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</section>
"""


def _hidden(token: str) -> str:
    return f'<input type="hidden" name="token" value="{escape(token)}">\n'


def _error(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>\n' if text else ""


def _text(name: str, label: str, *, value: str = "", complete: str) -> str:
    options = f'autocomplete="{complete}" autocapitalize="none" spellcheck="false" maxlength="128" required'
    return f'<label>{label}<input type="text" name="{name}" value="{escape(value)}" {options}></label>'


def _password(label: str, *, complete: str, hint: str = "") -> str:
    below = f"<small>{hint}</small>" if hint else ""
    options = f'autocomplete="{complete}" maxlength="256" required'
    return f'<label>{label}<input type="password" name="password" {options}>{below}</label>'
