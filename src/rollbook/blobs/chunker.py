"""Content-defined cut points. They decide what is found again, so they are pinned by golden tests."""

from __future__ import annotations

from collections.abc import Iterator

from pyfastcdc import FastCDC

AVERAGE = 64 * 1024
MINIMUM = AVERAGE // 4
MAXIMUM = AVERAGE * 4

_cdc = FastCDC(AVERAGE, min_size=MINIMUM, max_size=MAXIMUM, normalized_chunking=1)


def cut(window: memoryview, *, final: bool) -> Iterator[memoryview]:
    """Cut a window of a file into chunks.

    Args:
        window: Bytes from a chunk's beginning on.
        final: The window ends where the file ends.

    Yields:
        Chunks in order. Unless `final`, what is left at the end (less than `MAXIMUM`) belongs in front of the next
        window, because where it is cut depends on bytes still to come.
    """
    least = 1 if final else MAXIMUM
    left = len(window)
    chunks = _cdc.cut_buf(window)
    while left >= least:
        chunk = next(chunks)
        left -= chunk.length
        yield chunk.data
