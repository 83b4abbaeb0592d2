"""A store written by the first release must open for ever, and the same input must give the same bytes.

The sample is made once, by `python -m tests.golden.test_blobs_v1`; it is never made again for format 1.
"""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path
from zlib import crc32

import pytest
import zstandard
from blake3 import blake3

from rollbook.blobs import Blobs, LocalStore
from rollbook.model.digest import Digest

SAMPLE = Path(__file__).parent / "blobs-v1"

SMALL = b"A blob of one chunk is that chunk.\n"
TEXT = b"".join(b"student,%d,grade,%d\n" % (row * 7919 % 9973, row % 7) for row in range(300))
CUT = random.Random(2026).randbytes(512) * 1200
CONTENTS = [b"", SMALL, TEXT, CUT]
DIGESTS = [
    "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    "7dc6721696acfa6fc04b53a2ca1606f370af44a20bf7d1f14e7c742aa2646f29",
    "89c181770157976b0317242a69a3c706316372ca4b962b181d835ca7b5e1fa2d",
    "d21e2fd5488517e965ba41588f8daf843ebcf26d88f60c2508233c01ea22ef16",
]


def write(folder: Path) -> None:
    with Blobs(LocalStore(folder)).writer() as writer:
        for data in CONTENTS:
            writer.add_bytes(data)
        writer.commit()


def digest_of(data: bytes) -> Digest:
    return Digest.of_raw("blake3", blake3(data).digest())


@pytest.fixture
def sample(tmp_path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


def test_names_have_not_changed():
    assert [digest_of(data).hex for data in CONTENTS] == DIGESTS


def test_the_sample_opens_and_every_byte_verifies(sample: Path):
    blobs = Blobs.open_local(sample, read_only=True)
    assert [blobs.read(digest_of(data)) for data in CONTENTS] == CONTENTS
    assert list(blobs.verify()) == []
    stats = blobs.stats()
    assert stats.packs == 1
    assert (stats.chunks, stats.logical_bytes) == (5, 358_559)


def test_the_sample_has_every_kind_that_this_release_writes(sample: Path):
    (pack,) = sample.glob("packs/*/*.pack")
    table = pack.with_suffix(".idx").read_bytes()
    (entries,) = struct.unpack_from("<I", table, len(table) - 80 + 48)
    assert {table[96 * number + 68] for number in range(entries)} == {0, 1, 2}


def test_the_same_again_adds_nothing(sample: Path):
    before = sorted(path for path in sample.rglob("*") if path.is_file())
    write(sample)
    assert sorted(path for path in sample.rglob("*") if path.is_file()) == before


def test_the_same_input_gives_the_same_layout(tmp_path):
    """All but what zstandard made of it, which may differ between its releases."""
    write(tmp_path / "new")
    new, old = (next(root.glob("packs/*/*.pack")).read_bytes() for root in (tmp_path / "new", SAMPLE))
    assert new[:16] == old[:16]
    assert len(new) == pytest.approx(len(old), abs=200)
    if zstandard.ZSTD_VERSION == (1, 5, 7):
        assert new == old


def parse(data: bytes, digest: bytes) -> bytes:
    """Read one blob of one pack with nothing but the documented offsets."""
    assert data[:8] == b"RBKPAK\x01\x00"
    assert data[8:16] == bytes(8)
    length, pack, magic = struct.unpack("<Q32s8s", data[-48:])
    assert magic == b"RBKEND\x01\x00"
    table = data[-48 - length : -48]
    assert blake3(table).digest() == pack
    foot = table[-80:]
    front_digest, plain, stored, entries, packs, chunks, bits = struct.unpack("<32sQQIIIB", foot[:61])
    assert foot[61:72] == b"\0\0\0RBKTAB\x01\x00"
    assert foot[72:] == struct.pack("<II", crc32(foot[:72]), 0)
    assert packs == 0
    fan = table[96 * entries : -80]
    assert len(fan) == 8 << bits
    assert blake3(fan).digest() == front_digest
    records = [struct.unpack("<32s32sIB3xQQQ", table[start : start + 96]) for start in range(0, 96 * entries, 96)]
    assert records == sorted(records)
    assert sum(record[6] for record in records if record[3] != 2) == plain
    assert sum(record[5] for record in records) == stored
    assert sum(record[3] != 2 for record in records) == chunks

    def entry(name: bytes) -> bytes:
        (record,) = [record for record in records if record[0] == name]
        _, payload_digest, ordinal, kind, offset, size, plain_size = record
        payload = data[offset : offset + size]
        assert blake3(payload).digest() == payload_digest
        assert ordinal == 0
        if kind == 1:
            payload = zstandard.decompress(payload)
        if kind == 2:
            payload = b"".join(entry(payload[start : start + 32]) for start in range(0, size, 36))
        assert len(payload) == plain_size
        return payload

    return entry(digest)


@pytest.mark.parametrize("number", range(len(CONTENTS)))
def test_the_documented_offsets_suffice_to_read_it(number: int):
    (pack,) = SAMPLE.glob("packs/*/*.pack")
    assert parse(pack.read_bytes(), digest_of(CONTENTS[number]).raw) == CONTENTS[number]


def test_the_index_object_is_the_table_in_the_pack():
    (pack,) = SAMPLE.glob("packs/*/*.pack")
    table = pack.with_suffix(".idx").read_bytes()
    assert pack.read_bytes().endswith(
        table + struct.pack("<Q", len(table)) + blake3(table).digest() + b"RBKEND\x01\x00"
    )
    assert pack.stem == blake3(table).hexdigest()


if __name__ == "__main__":
    write(SAMPLE)
