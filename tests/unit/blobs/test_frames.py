from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs import Frame, FrameReader, write_frames
from rollbook.blobs.frames import END, FRAME, HEAD, LARGE, stream_size
from rollbook.blobs.kinds import RAW, RECIPE, ZSTD
from rollbook.model.errors import InvalidInput

frames = st.lists(
    st.builds(
        Frame,
        digest=st.binary(min_size=32, max_size=32),
        kind=st.sampled_from([RAW, ZSTD, RECIPE]),
        plain=st.integers(0, 2**64 - 1),
        payload=st.binary(max_size=300),
    ),
    max_size=8,
)


def whole(sent: list[Frame], block: int = 1) -> bytes:
    return b"".join(write_frames(sent, block))


@given(sent=frames, block=st.integers(1, 2000), cuts=st.lists(st.integers(1, 200), min_size=1))
def test_what_is_written_is_read_however_it_arrives(sent: list[Frame], block: int, cuts: list[int]) -> None:
    data = whole(sent, block)
    assert len(data) == stream_size(len(frame.payload) for frame in sent)
    reader, got, start = FrameReader(), [], 0
    while start < len(data):
        step = cuts[start % len(cuts)]
        got += reader.feed(data[start : start + step])
        start += step
    reader.finish()
    assert [frame._replace(payload=bytes(frame.payload)) for frame in got] == sent


@given(sent=frames, data=st.data())
def test_a_stream_that_is_cut_off_has_no_end(sent: list[Frame], data: st.DataObject) -> None:
    stream = whole(sent)
    reader = FrameReader()
    reader.feed(stream[: data.draw(st.integers(0, len(stream) - 1))])
    with pytest.raises(InvalidInput, match="cut off"):
        reader.finish()


def header(kind: int, size: int, plain: int = 0) -> bytes:
    return FRAME.pack(bytes(32), kind, size, plain)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GIF89a\x01\x00", "no stream of entries"),
        (HEAD[:6] + b"\x02\x00", "no stream of entries"),
        (HEAD + header(RAW, 4 * 1024 * 1024 + 1), "more than 4,194,304"),
        (HEAD + header(LARGE, 1), "more than 0"),
        (HEAD + header(3, 0), "cannot be sent"),
        (HEAD + header(77, 0), "cannot be sent"),
        (HEAD + header(END, 0, 1), "says that it has 1, and has 0"),
        (HEAD + header(END, 0) + bytes(100), "goes on behind its end"),
    ],
)
def test_what_is_no_stream_is_refused_before_its_payload_is_read(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        FrameReader().feed(data)
