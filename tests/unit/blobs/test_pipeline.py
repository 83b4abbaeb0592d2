"""Threads end, buffers come back, errors reach whoever asked, whatever fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from rollbook.blobs.pipeline import Background, BufferPool, PoolClosed, Prefetch
from rollbook.model.errors import Unavailable


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    before = threading.active_count()
    yield
    for _ in range(200):
        if threading.active_count() <= before:
            return
        time.sleep(0.01)
    pytest.fail(f"threads are left: {threading.enumerate()}")


def test_pool_hands_out_no_more_than_it_has():
    pool = BufferPool(2, 10)
    one, two = pool.take(), pool.take()
    timer = threading.Timer(0.05, pool.give, [one])
    timer.start()
    assert pool.take() is one
    assert len(two) == 10


def test_closing_a_pool_wakes_who_waits():
    pool = BufferPool(0, 10)
    timer = threading.Timer(0.05, pool.close)
    timer.start()
    with pytest.raises(PoolClosed):
        pool.take()


def test_prefetch_gives_all_in_order():
    with Prefetch(iter(range(100)), depth=3) as items:
        assert list(items) == list(range(100))


def test_prefetch_gives_what_came_before_an_error_then_the_error():
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise Unavailable("gone")

    seen: list[int] = []
    with pytest.raises(Unavailable), Prefetch(failing(), depth=1) as items:
        seen.extend(items)
    assert seen == [1, 2]


def test_leaving_prefetch_early_ends_its_thread():
    pool = BufferPool(2, 1)

    def endless() -> Iterator[memoryview]:
        while True:
            yield pool.take()

    with Prefetch(endless(), depth=1, stop=pool.close) as items:
        assert next(items) is not None


def test_background_does_jobs_in_order():
    done: list[int] = []
    background = Background("test", 2)
    for number in range(50):
        background.submit(lambda number=number: done.append(number))
    background.flush()
    assert done == list(range(50))
    background.stop()


def test_after_a_failure_jobs_are_skipped_but_released():
    released: list[int] = []
    background = Background("test", 10)

    def fail() -> None:
        raise Unavailable("disk gone")

    background.submit(fail, lambda: released.append(0))
    with pytest.raises(Unavailable, match="disk gone"):
        background.flush()
    with pytest.raises(Unavailable, match="disk gone"):
        background.submit(pytest.fail, lambda: released.append(1))
    assert released == [0, 1]
    background.stop()


def test_stop_skips_what_waits():
    started, go_on = threading.Event(), threading.Event()
    released: list[int] = []
    background = Background("test", 10)
    background.submit(lambda: (started.set(), go_on.wait())[0])
    started.wait()
    background.submit(pytest.fail, lambda: released.append(1))
    timer = threading.Timer(0.05, go_on.set)
    timer.start()
    background.stop()
    assert released == [1]


def test_a_background_that_was_never_used_needs_no_end():
    background = Background("test", 1)
    background.flush()
    background.stop()
