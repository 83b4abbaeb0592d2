"""The reference grammar, every production of it, and what a person sees who gets it wrong."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model import instant
from rollbook.model.errors import InvalidName, InvalidReference
from rollbook.model.names import check_name
from rollbook.model.reference import Reference, parse, parse_segment, split_stated

HEX = "1f2e3d4c5b6a79880123456789abcdef0123456789abcdef0123456789abcdef"
MAY = instant.parse("2026-05-01")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("math_tutor", Reference(collection="math_tutor", alias="latest")),
        ("math_tutor:latest", Reference(collection="math_tutor", alias="latest")),
        ("math_tutor:v0", Reference(collection="math_tutor", number=0)),
        ("math_tutor:v12", Reference(collection="math_tutor", number=12)),
        ("x:v999999999999999999", Reference(collection="x", number=999999999999999999)),
        ("math_tutor:champion", Reference(collection="math_tutor", alias="champion")),
        ("school/math_tutor:champion", Reference(project="school", collection="math_tutor", alias="champion")),
        ("me/school/m:v1", Reference(entity="me", project="school", collection="m", number=1)),
        ("m:champion/grade=8", Reference(collection="m", alias="champion", segment="grade=8")),
        ("m:latest/grade=8", Reference(collection="m", alias="latest", segment="grade=8")),
        ("m:c/b=2,a=1", Reference(collection="m", alias="c", segment="a=1,b=2")),
        ("m:c/a-b=1,a=1", Reference(collection="m", alias="c", segment="a=1,a-b=1")),
        ("m:c@2026-05-01", Reference(collection="m", alias="c", at=MAY)),
        ("m@2026-05-01", Reference(collection="m", alias="latest", at=MAY)),
        (
            "m:c@2026-05-01T12:00:00+02:00",
            Reference(collection="m", alias="c", at=instant.parse("2026-05-01T10:00:00Z")),
        ),
        ("p/m:c/grade=8@2026-05-01", Reference(project="p", collection="m", alias="c", segment="grade=8", at=MAY)),
        ("m:c/school=St._Mary", Reference(collection="m", alias="c", segment="school=St._Mary")),
        ("m:c/klasse=8ä", Reference(collection="m", alias="c", segment="klasse=8ä")),
        ("m:c/t=a:b", Reference(collection="m", alias="c", segment="t=a:b")),
        ("m:v-1", Reference(collection="m", alias="v-1")),
        (" m:v1\n", Reference(collection="m", number=1)),
        ("sha256:" + HEX, Reference(digest_prefix=HEX)),
        ("sha256:" + HEX[:8].upper(), Reference(digest_prefix=HEX[:8])),
    ],
)
def test_productions(text: str, expected: Reference) -> None:
    assert parse(text) == expected
    assert parse(str(expected)) == expected


def test_a_bare_date_ends_in_the_zone_of_the_organisation() -> None:
    reference = parse("m:champion@2026-05-01", ZoneInfo("Asia/Tokyo"))
    assert reference.at == instant.parse("2026-05-01T14:59:59.999999Z")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "collection"),
        (" ", "collection"),
        (":v1", "collection"),
        ("m:", "nothing stands after"),
        ("m:/grade=8", "nothing stands after"),
        ("m:champion/", "key=value"),
        ("m:v3/", "neither segment nor instant"),
        ("m:v3/grade=8", "neither segment nor instant"),
        ("m:v3@2026-05-01", "neither segment nor instant"),
        ("m/grade=8", "selector before it"),
        ("m:champion@", "instant"),
        ("m:champion@yesterday", "instant"),
        ("m:champion@2026-02-30", "not a real date"),
        ("m:champion@2026-05-01T12:00:00", "instant"),
        ("m:champion@2026-05-01@2026-05-02", "instant"),
        ("m:c/grade", "key=value"),
        ("m:c/=8", "key=value"),
        ("m:c/grade=", "key=value"),
        ("m:c/a=1,a=2", "each key once"),
        ("m:c/a=1,", "key=value"),
        ("m:c/a=1/b=2", "key=value"),
        ("m:c/a=b=c", "key=value"),
        ("m:c/a=x\u202ey", "key=value"),
        ("m:c/a=\x00", "key=value"),
        ("m:c/a=\x07", "key=value"),
        ("m:c/a=\ud800", "key=value"),
        ("m:c/" + "k" * 65 + "=1", "key=value"),
        ("m:c/k=" + "1" * 65, "key=value"),
        ("m:v01", "neither a version number"),
        ("m:v" + "9" * 19, "neither a version number"),
        ("m:V3", "neither a version number"),
        ("m:LATEST", "neither a version number"),
        ("m:../x", "alias"),
        ("m:a:b", "alias"),
        ("m:champion x", "alias"),
        ("a/b/c/d:v1", "entity"),
        ("/m:v1", "entity"),
        ("p//m:v1", "entity"),
        ("../../canary:v1", "entity"),
        ("école:v1", "entity"),
        ("v3", "no collection"),
        ("p/latest", "no collection"),
        ("latest:v3", "no collection"),
        ("sha256:", "digits"),
        ("sha256:1234567", "digits"),
        ("sha256:" + HEX + "0", "digits"),
        ("sha256:nothex00", "digest"),
        ("SHA256:" + HEX, "digest"),
        ("sha256:12345678@2026-05-01", "digest"),
        ("sha256:12345678/grade=8", "digest"),
        ("file:///etc/passwd", ""),
        ("models:/m/1", ""),
        ("http://h/#/../../../canary", ""),
        ("m" * 200, "entity"),
        ("m:" + "a" * 100_000, "not a reference"),
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_mistakes_are_explained(text: str, why: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse(text)
    assert why in caught.value.message
    assert "for example" in caught.value.hint
    assert len(caught.value.message) < 1000
    caught.value.message.encode()


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)


def usable(name: str) -> bool:
    try:
        check_name(name)
    except InvalidName:
        return False
    return True


USABLE = NAMES.filter(usable)
VALUE = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="=,/@"), min_size=1, max_size=10)
SEGMENTS = st.dictionaries(st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True), VALUE, min_size=1, max_size=3).map(
    lambda pairs: parse_segment(",".join(f"{key}={value}" for key, value in pairs.items()))
)
INSTANTS = st.integers(instant.parse("0001-01-01T00:00:00Z"), instant.parse("9999-12-31"))


@st.composite
def references(draw: st.DrawFn) -> Reference:
    if draw(st.booleans()):
        prefix = draw(st.from_regex(r"[0-9a-f]{8,64}", fullmatch=True))
        return Reference(digest_prefix=prefix)
    project = draw(st.just("") | NAMES)
    entity = draw(NAMES) if project and draw(st.booleans()) else ""
    collection = draw(USABLE)
    if draw(st.booleans()):
        number = draw(st.integers(0, 10**18 - 1))
        return Reference(entity=entity, project=project, collection=collection, number=number)
    return Reference(
        entity=entity,
        project=project,
        collection=collection,
        alias=draw(st.just("latest") | USABLE),
        segment=draw(st.just("") | SEGMENTS),
        at=draw(st.none() | INSTANTS),
    )


@given(references())
def test_text_and_value_are_one(reference: Reference) -> None:
    assert parse(str(reference)) == reference


@given(st.text(max_size=60) | st.text(st.sampled_from("mv1:/@=,sha256- .2026T:Z+"), max_size=40))
def test_any_text_is_a_reference_or_refused_by_name(text: str) -> None:
    try:
        reference = parse(text)
    except InvalidReference:
        return
    assert parse(str(reference)) == reference
    assert bool(reference.collection) != bool(reference.digest_prefix)


@given(SEGMENTS)
def test_segments_have_one_spelling(segment: str) -> None:
    backwards = ",".join(reversed(segment.split(",")))
    assert parse_segment(backwards) == segment == parse_segment(segment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("student_data", ("student_data", None)), ("student_data:v0", ("student_data", 0)), ("a:v17", ("a", 17))],
)
def test_stated_numbers(text: str, expected: tuple[str, int | None]) -> None:
    assert split_stated(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ":v1", "a:", "a:latest", "a:champion", "a:v", "a:v01", "a:v1/x=1", "p/a:v1", "a:v1 ", "é:v1", "a:v1:v2"],
)
def test_what_no_stated_number_is(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        split_stated(text)
    assert caught.value.hint
