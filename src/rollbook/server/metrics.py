"""Numbers for Prometheus. Labels are bounded: templates of routes, methods, statuses, kinds of jobs; never names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from rollbook.model.errors import RollbookError
from rollbook.model.space import JobFacts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REQUESTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_TRANSACTIONS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
_SECOND = 1_000_000


class Metrics:
    """What one server process counts."""

    def __init__(self) -> None:
        disable_created_metrics()  # a sample more for each, which nobody asks for
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        given: Any = {"registry": self._registry}
        self._requests = Counter("rollbook_requests", "Requests answered.", ["method", "route", "status"], **given)
        self._seconds = Histogram(
            "rollbook_request_seconds",
            "From a request's head to its answer's end.",
            ["route"],
            buckets=_REQUESTS,
            **given,
        )
        self.in_flight = Gauge("rollbook_requests_in_flight", "Requests whose answer has not ended.", **given)
        self._shed = Counter(
            "rollbook_requests_shed", "Requests that were told to come back later.", ["reason"], **given
        )
        self._bytes = Counter("rollbook_body_bytes", "Bytes of bodies.", ["direction"], **given)
        self._transactions = Histogram(
            "rollbook_catalog_transaction_seconds",
            "Transactions of the catalog, waiting for locks included.",
            ["kind"],
            buckets=_TRANSACTIONS,
            **given,
        )
        self.listeners = Gauge("rollbook_event_listeners", "Open streams of events.", **given)
        self._lost = Gauge("rollbook_log_lines_lost", "Lines of the log that could not be written.", **given)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that is over."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_shed(self, reason: str) -> None:
        """Count a request that was sent away: `rate`, `busy` or `unavailable`."""
        self._shed.labels(reason).inc()

    def moved(self, received: int, sent: int) -> None:
        """Count bytes of bodies."""
        self._bytes.labels("in").inc(received)
        self._bytes.labels("out").inc(sent)

    def transaction(self, kind: str, seconds: float) -> None:
        """Count a transaction of the catalog: `read` or `write`."""
        self._transactions.labels(kind).observe(seconds)

    def watch_log(self, lost: Callable[[], int]) -> None:
        """Tell how many lines of the log were lost."""
        self._lost.set_function(lost)

    def watch_jobs(self, jobs: Callable[[], Iterable[JobFacts]], clock: Callable[[], int]) -> None:
        """Tell of the register's jobs, which are looked up whenever somebody asks."""
        self._registry.register(_Jobs(jobs, clock))

    def text(self) -> bytes:
        """All of it, in Prometheus' text form."""
        return generate_latest(self._registry)


class _Jobs(Collector):
    """The jobs of the register, shared by all its servers."""

    def __init__(self, jobs: Callable[[], Iterable[JobFacts]], clock: Callable[[], int]) -> None:
        self._jobs = jobs
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before it is looked up."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The jobs as they are now; nothing where the catalog does not answer: `/ready` says that."""
        try:
            found = list(self._jobs())
        except RollbookError:
            return
        now = self._clock()
        states = GaugeMetricFamily("rollbook_jobs", "Jobs by kind and state.", labels=["kind", "state"])
        finished = GaugeMetricFamily("rollbook_job_finished_timestamp_seconds", "Last good end.", labels=["kind"])
        counts: dict[tuple[str, str], int] = {}
        for job in found:
            state = state_of(job, now)
            counts[job.kind, state] = counts.get((job.kind, state), 0) + 1
            if job.finished_at is not None:
                finished.add_metric([job.kind], job.finished_at / _SECOND)
        for (kind, state), count in counts.items():
            states.add_metric([kind, state], count)
        yield from (states, finished, *_collected(found))


def state_of(job: JobFacts, now: int) -> str:
    """A job in a word: `running`, `failed`, `due` or `waiting`."""
    if job.owner:
        return "running"
    if job.last_error:
        return "failed"
    return "due" if job.run_at <= now else "waiting"


def _collected(found: Iterable[JobFacts]) -> Iterator[Metric]:
    """What the last collection of garbage said, number by number."""
    from rollbook.model.canonical import decode

    last = next((job.result for job in found if job.kind == "collect" and job.result), "")
    said = decode(last) if last else {}
    numbers = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    family = GaugeMetricFamily("rollbook_collected", "What the last garbage collection counted.", labels=["what"])
    for name, value in numbers.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            family.add_metric([name], float(value))
    yield family
