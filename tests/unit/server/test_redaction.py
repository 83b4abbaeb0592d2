"""What must never stand in a log, in whatever shape it gets there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.server.redaction import MAX_TEXT, STRUCK, redact, redact_value

SECRET = "s3cr3tCanary0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}==",
        f"{{'authorization': 'Bearer {SECRET}'}}",
        f"Cookie: a=b; rollbook-plain={SECRET}; c=d",
        f"Set-Cookie: __Host-rollbook={SECRET}; Path=/",
        f"X-API-Key: {SECRET}",
        f"https://ana:{SECRET}@git.example/repo",
        f"postgresql://rollbook:{SECRET}@db/rollbook",
        f"train.py --api-key={SECRET} --lr 0.1",
        f"train.py --wandb-token {SECRET}",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"https://bucket/x?X-Amz-Signature={SECRET}&b=1",
        f'{{"password": "{SECRET}"}}',
        f"with key rb-{SECRET}{SECRET}{SECRET[:13]} at hand",
    ],
)
def test_a_secret_is_struck_out(text: str) -> None:
    assert SECRET not in redact(text)
    assert STRUCK in redact(text)


@pytest.mark.parametrize("text", ["GET /runs took 3 s", "keyboard: layout", "a monkey eats", "project maths/fractions"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(nested)
def test_any_value_becomes_one_that_a_log_can_hold(value: Any) -> None:
    assert len(repr(redact_value(value))) >= 0
    assert redact_value({"deep": [{"password=x": f"token={SECRET}"}]}) == {
        "deep": [{f"password={STRUCK}": f"token={STRUCK}"}]
    }


def test_long_texts_are_cut() -> None:
    assert len(redact("x" * 100_000)) < MAX_TEXT + 10
    assert len(redact("key" * 100_000)) < 2 * MAX_TEXT
