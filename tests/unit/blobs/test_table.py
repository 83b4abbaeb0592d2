from __future__ import annotations

import random
import struct
from zlib import crc32

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs.kinds import RAW, RECIPE
from rollbook.blobs.table import FOOT, FOOT_BYTES, FOOT_CHECK, RECORD, Record, Table
from rollbook.blobs.tablewriter import TableWriter, build_table
from rollbook.model.errors import CorruptData, UnsupportedFormat

OWNER = b"\7" * 32


def record(number: int, kind: int = RAW) -> Record:
    digest = blake3(number.to_bytes(8, "little")).digest()
    return Record(digest, digest, 0, kind, 16 + 10 * number, 10, 100)


def packed(records: list[Record]) -> list[bytes]:
    return [RECORD.pack(*one) for one in records]


def table_of(count: int) -> bytes:
    return build_table(packed([record(number) for number in range(count)]))


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 255, 256, 3000])
def test_finds_all_and_only_what_it_has(count: int):
    table = Table.of_bytes(table_of(count), "t", OWNER)
    for number in range(count):
        (place,) = table.find(record(number).digest)
        assert (place.pack, place.offset, place.stored, place.plain) == (OWNER, 16 + 10 * number, 10, 100)
    for number in range(count, count + 100):
        assert list(table.find(record(number).digest)) == []
    assert table.foot.entries == count
    assert sorted(table.digests()) == sorted(record(number).digest for number in range(count))


@pytest.mark.parametrize("asked", [range(0), range(1), range(2990, 3010), range(0, 4000, 3)])
def test_many_are_found_as_one_by_one(asked: range):
    table = Table.of_bytes(table_of(3000), "t", OWNER)
    digests = {record(number).digest for number in asked}
    alone = {digest: place for digest in digests for place in table.find(digest)}
    assert dict(table.find_many(digests)) == alone
    assert len(alone) == sum(number < 3000 for number in asked)


def test_sums_leave_recipes_out_of_plain_bytes():
    foot = Table.of_bytes(build_table(packed([record(1), record(2), record(3, RECIPE)])), "t", OWNER).foot
    assert (foot.chunks, foot.plain, foot.stored, foot.entries) == (2, 200, 30, 3)


def test_gives_every_place_of_a_digest_in_two_packs():
    one = record(1)
    writer = TableWriter(2)
    data = b"".join(
        (*writer.body(sorted(packed([one, one._replace(pack=1, offset=99)]))), writer.end([b"a" * 32, b"b" * 32]))
    )
    places = list(Table.of_bytes(data, "t", None).find(one.digest))
    assert [(place.pack, place.offset) for place in places] == [(b"a" * 32, 26), (b"b" * 32, 99)]


def test_a_digest_inside_a_record_is_no_hit():
    """The stored digest of one entry may look like the name of another."""
    one = record(1)
    fake = record(2).digest[:4] + bytes(28)
    data = build_table([RECORD.pack(*one._replace(digest=fake, stored_digest=fake[:4] + b"\1" * 28))])
    table = Table.of_bytes(data, "t", OWNER)
    assert list(table.find(fake[:4] + b"\1" * 28)) == []
    assert len(list(table.find(fake))) == 1


def test_reads_one_bucket_per_look_up():
    data = table_of(10_000)
    reads: list[int] = []

    def read(offset: int, length: int) -> bytes:
        reads.append(length)
        return data[offset : offset + length]

    table = Table(read, len(data), "t", OWNER)
    reads.clear()
    assert list(table.find(record(77).digest))
    assert len(reads) == 1
    assert reads[0] < 60 * RECORD.size


@given(st.integers(0, 200), st.randoms(use_true_random=False))
def test_any_flipped_bit_is_noticed(count: int, chance: random.Random):
    data = bytearray(table_of(count))
    position = chance.randrange(len(data))
    data[position] ^= 1 << chance.randrange(8)
    with pytest.raises(CorruptData):
        list(Table.of_bytes(bytes(data), "t", OWNER).packed())


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: d[1:], lambda _: b"", lambda d: d[:50]]
)
def test_another_length_is_noticed(change):
    with pytest.raises(CorruptData):
        Table.of_bytes(change(table_of(40)), "t", OWNER)


def rewrite_foot(data: bytes, **changes: int | bytes) -> bytes:
    """The same table with another foot whose checksum is right."""
    foot = Table.of_bytes(data, "t", OWNER).foot._replace(**changes)
    packed_foot = FOOT.pack(*foot)
    return data[:-FOOT_BYTES] + packed_foot + FOOT_CHECK.pack(crc32(packed_foot))


def test_a_newer_format_is_refused_by_number():
    with pytest.raises(UnsupportedFormat, match="format 2"):
        Table.of_bytes(rewrite_foot(table_of(3), version=2), "t", OWNER)


def test_another_magic_is_refused():
    with pytest.raises(CorruptData, match="not an index"):
        Table.of_bytes(rewrite_foot(table_of(3), magic=b"NOTTAB"), "t", OWNER)


@pytest.mark.parametrize("changes", [{"entries": 2**32 - 1}, {"packs": 2**31}, {"bits": 200}])
def test_absurd_counts_do_not_make_it_read_or_allocate(changes):
    with pytest.raises(CorruptData, match="expected"):
        Table.of_bytes(rewrite_foot(table_of(3), **changes), "t", OWNER)


def test_layout_is_as_documented():
    assert RECORD.size == 96
    assert FOOT_BYTES == 80
    assert struct.calcsize("<32s32sIB3xQQQ") == RECORD.size
