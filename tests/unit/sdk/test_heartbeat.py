"""A run says that it is alive until it ends; a beat that fails is followed by the next."""

from __future__ import annotations

import threading

from rollbook.model.errors import Unavailable
from rollbook.sdk.heartbeat import Heartbeat


def test_beats_until_stopped_also_after_a_failure() -> None:
    enough = threading.Event()
    beats: list[int] = []

    def beat() -> None:
        beats.append(len(beats))
        if len(beats) == 5:
            enough.set()
        if len(beats) % 2:
            raise Unavailable("busy")

    heart = Heartbeat(beat, interval=0.001)
    assert enough.wait(30)
    heart.stop()
    counted = len(beats)
    assert not any(thread.name == "rollbook-heartbeat" for thread in threading.enumerate())
    assert len(beats) == counted


def test_stopping_does_not_wait_for_the_next_beat_and_may_be_asked_twice() -> None:
    heart = Heartbeat(lambda: None, interval=3600)
    heart.stop()
    heart.stop()
