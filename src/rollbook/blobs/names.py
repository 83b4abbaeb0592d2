"""Names of the room's objects in a store."""

from __future__ import annotations

import re

PACKS = "packs/"
MERGED = "index/"
_PACK = re.compile(r"packs/([0-9a-f]{2})/(\1[0-9a-f]{62})\.(pack|idx)\Z")
_MERGED = re.compile(r"index/[0-9a-f]{64}\.idx\Z")


def pack_name(pack: bytes) -> str:
    """The object that holds a pack's entries."""
    digits = pack.hex()
    return f"{PACKS}{digits[:2]}/{digits}.pack"


def table_name(pack: bytes) -> str:
    """The object beside it whose presence makes the pack's entries visible."""
    digits = pack.hex()
    return f"{PACKS}{digits[:2]}/{digits}.idx"


def merged_name(check: bytes) -> str:
    """A merged table, named by BLAKE3 of its bytes."""
    return f"{MERGED}{check.hex()}.idx"


def parse_pack(name: str) -> tuple[bytes, str] | None:
    """Raw pack id and suffix (`pack` or `idx`), or None for a file that is not ours."""
    match = _PACK.match(name)
    return (bytes.fromhex(match[2]), match[3]) if match else None


def is_merged(name: str) -> bool:
    """Whether the name is one of a merged table."""
    return _MERGED.match(name) is not None
