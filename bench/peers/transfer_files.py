"""What the clients of the transfer benchmark do: the same steps, timed in the same way, whatever they speak to."""
# pyright: basic

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STREAMS = 8


def run(log: Callable[[str, Path], object], get: Callable[[str, Path], None], source: Path, work: Path) -> None:
    """Do every step, and print seconds by step as JSON.

    Args:
        log: Logs a file or folder under a name.
        get: Fetches what was logged under a name into a folder.
        source: Holds `large.bin`, `parts/` with one file per stream, and `small/`.
        work: Where fetched files go.
    """
    log("warm", source / "warm.bin")
    get("warm", work / "warm")
    seconds = {
        "upload": timed(lambda: log("large", source / "large.bin")),
        "upload x8": timed(lambda: together(log, sorted((source / "parts").iterdir()))),
        "download": timed(lambda: get("large", work / "large")),
        "upload small": timed(lambda: log("small", source / "small")),
        "download small": timed(lambda: get("small", work / "small")),
    }
    assert (next((work / "large").rglob("large.bin"))).stat().st_size == (source / "large.bin").stat().st_size
    assert len(list((work / "small").rglob("*.bin"))) == len(list((source / "small").iterdir()))
    print("\n" + json.dumps(seconds))
    sys.stdout.flush()


def together(log: Callable[[str, Path], object], parts: list[Path]) -> None:
    """Log every part at once, each in a thread of its own."""
    with ThreadPoolExecutor(STREAMS) as threads:
        list(threads.map(lambda part: log(part.stem, part), parts))


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
