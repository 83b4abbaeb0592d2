"""The bytes of a journal: a header, then frames of one row each (`docs/formats/journal.md`).

Header: magic `RBJRNL` (6), version u16, length u32, crc u32 of the payload, crc u32 of the 16 bytes before; payload.
Frame: length u32, crc u32 of the payload, crc u32 of the 8 bytes before; payload. All little-endian.

Frame checksums start from the checksum of the header's payload, so a frame of another journal does not pass. The length
has a checksum of its own: without it a flipped bit in a length would look like a row torn at the end of the file, and
everything behind it would vanish without a word.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple
from zlib import crc32

import msgspec

from rollbook.history.rows import MAX_ROW_BYTES, JournalHeader
from rollbook.model.errors import CorruptData, UnsupportedFormat

MAGIC = b"RBJRNL"
VERSION = 1
MAX_HEADER_BYTES = 65_536

_HEADER = struct.Struct("<6sHII")
_FRAME = struct.Struct("<II")
_CRC = struct.Struct("<I")
_HEADER_SIZE = _HEADER.size + _CRC.size
_FRAME_SIZE = _FRAME.size + _CRC.size


class Frame(NamedTuple):
    """One frame: the payload and where the next frame begins."""

    payload: bytes
    end: int


class Opening(NamedTuple):
    """What the header of a journal says.

    Attributes:
        header: The decoded header.
        salt: Where the checksums of frames start.
        end: Offset of the first frame.
    """

    header: JournalHeader
    salt: int
    end: int


def encode_header(header: JournalHeader) -> bytes:
    """The first bytes of a journal."""
    payload = msgspec.json.encode(header)
    fixed = _HEADER.pack(MAGIC, VERSION, len(payload), crc32(payload))
    return fixed + _CRC.pack(crc32(fixed)) + payload


def encode_frame(payload: bytes, salt: int) -> bytes:
    """The bytes that one `write` appends for a row."""
    fixed = _FRAME.pack(len(payload), crc32(payload, salt))
    return fixed + _CRC.pack(crc32(fixed, salt)) + payload


def decode_header(stream: BinaryIO, name: str) -> Opening:
    """Read the header at the start of a stream.

    Raises:
        CorruptData: The bytes are not a journal's header, or damaged.
        UnsupportedFormat: A newer release wrote it.
    """
    fixed = stream.read(_HEADER_SIZE)
    if len(fixed) < _HEADER_SIZE or not fixed.startswith(MAGIC):
        raise CorruptData(f"{name} is not a journal", hint="its first bytes are not a journal's header")
    _, version, length, checksum = _HEADER.unpack_from(fixed)
    if crc32(fixed[: _HEADER.size]) != _CRC.unpack_from(fixed, _HEADER.size)[0]:
        raise CorruptData(f"the header of the journal {name} is damaged", hint=_RESTORE)
    if version != VERSION:
        raise UnsupportedFormat(f"{name} is a journal of format {version}", hint="install a newer release of Rollbook")
    payload = stream.read(length) if length <= MAX_HEADER_BYTES else b""
    if len(payload) != length or crc32(payload) != checksum:
        raise CorruptData(f"the header of the journal {name} is damaged", hint=_RESTORE)
    try:
        header = msgspec.json.decode(payload, type=JournalHeader)
    except msgspec.MsgspecError as error:
        raise CorruptData(f"the header of the journal {name} does not decode: {error}", hint=_RESTORE) from error
    return Opening(header, checksum, _HEADER_SIZE + length)


def decode_frames(stream: BinaryIO, opening: Opening, name: str) -> Iterator[Frame]:
    """The whole frames that follow the header; a frame torn at the end of the stream ends the iteration.

    Torn means what a killed process or a power cut leaves: fewer bytes than the frame needs, or zeros to the end of the
    file. Anything else that does not match its checksum is damage.

    Args:
        stream: Positioned at `opening.end`.
        opening: The journal's header.
        name: How messages call the journal.

    Raises:
        CorruptData: A frame is damaged; the message gives its offset.
    """
    salt, offset = opening.salt, opening.end
    while len(fixed := stream.read(_FRAME_SIZE)) == _FRAME_SIZE:
        length, checksum = _FRAME.unpack_from(fixed)
        if crc32(fixed[: _FRAME.size], salt) != _CRC.unpack_from(fixed, _FRAME.size)[0] or length > MAX_ROW_BYTES:
            if not any(fixed) and _only_zeros(stream):
                return
            raise _damaged(name, offset)
        payload = stream.read(length)
        if len(payload) < length:
            return
        if crc32(payload, salt) != checksum:
            if payload.endswith(b"\0") and _only_zeros(stream):
                return
            raise _damaged(name, offset)
        offset += _FRAME_SIZE + length
        yield Frame(payload, offset)


def _only_zeros(stream: BinaryIO) -> bool:
    while piece := stream.read(65_536):
        if any(piece):
            return False
    return True


_RESTORE = "restore the file from a backup; rows before the damage can still be read"


def _damaged(name: str, offset: int) -> CorruptData:
    return CorruptData(f"the journal {name} is damaged at byte {offset}", hint=_RESTORE)
