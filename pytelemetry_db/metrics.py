"""Read the view ``metrics`` and write it in Prometheus's formats; a snapshot that many readers share."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from pytelemetry_db import db
from pytelemetry_db.connection import Source
from pytelemetry_db.errors import NotInstalled, OperationFailed, PytelemetryError
from pytelemetry_db.registry import CHEAP, DEAR, EXPORTER, METRICS
from pytelemetry_db.state import not_installed, read_state

__all__ = ["PATIENCE", "Series", "Snapshots", "encode", "read"]

# A scrape waits no longer than this for somebody else's look at the database; Prometheus gives up after 10 s.
PATIENCE = 8.0
_BUDGET = {"statement_timeout": "7s", "lock_timeout": "200ms"}
# A server that is gone without a word is noticed, before Prometheus stops asking.
_ALIVE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One value and its labels."""

    name: str
    labels: dict[str, str]
    value: float


def read(connection: db.Connection, schema: str, sources: Iterable[str] = (*CHEAP, *DEAR)) -> list[Series]:
    """Read these sources of the view, in a transaction that changes nothing and takes 7 s at most.

    :raises NotInstalled: where there is no such view
    """
    with db.rolled_back(connection):
        db.fetch(connection, "health_budget", schema, _BUDGET)
        rows = db.fetch(connection, "metrics", schema, {"sources": list(sources)})
    return [Series(row["name"], row["labels"], row["value"]) for row in rows]


def encode(series: Iterable[Series], accept: str = "") -> tuple[bytes, str]:
    """Return the text and its content type: Prometheus's, or OpenMetrics when ``accept`` asks for it."""
    found: dict[str, list[Series]] = {}
    for one in series:
        found.setdefault(one.name, []).append(one)

    class Collector:
        def collect(self) -> Iterator[Metric]:
            for metric in METRICS:
                if metric.name not in found:
                    continue
                kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                family = kind(metric.name, metric.help, labels=metric.labels)
                for one in sorted(found[metric.name], key=lambda item: tuple(item.labels.values())):
                    family.add_metric([one.labels[label] for label in metric.labels], one.value)
                yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    encoder, content_type = exposition.choose_encoder(accept)
    return encoder(registry), content_type


@dataclass(slots=True)
class _State:
    """What is known, until when, and the last problem."""

    series: list[Series] | None = None
    problem: PytelemetryError | None = None
    good_until: float = 0.0
    dear: list[Series] = field(default_factory=list)
    dear_until: float = 0.0
    refreshes: int = 0
    seconds: float = 0.0


class Snapshots:
    """Reads the database when somebody asks, once in an interval at most, however many ask at the same time.

    A failure is remembered for the interval too: a server in trouble is not asked by every scrape.
    """

    def __init__(
        self, source: Source, schema: str, interval: float, dear_interval: float, say: Callable[[str], None]
    ) -> None:
        self._source = replace(source, conninfo={**_ALIVE, **source.conninfo})
        self._schema, self._interval, self._dear_interval, self._say = schema, interval, dear_interval, say
        self._lock = threading.Lock()
        self._state = _State()
        self._connection: db.Connection | None = None

    def current(self) -> list[Series]:
        """Return series that are not older than the interval.

        :raises PytelemetryError: the reason why there are none
        """
        deadline = time.monotonic() + PATIENCE
        state = self._state
        if time.monotonic() >= state.good_until:
            if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise OperationFailed(f"the database has not answered for {PATIENCE:.0f} s")
            try:
                state = self._state
                if time.monotonic() >= state.good_until:
                    state = self._state = self._refresh(state)
            finally:
                self._lock.release()
        if state.problem is not None or state.series is None:
            raise state.problem or OperationFailed("nothing was read")
        return state.series

    def _refresh(self, old: _State) -> _State:
        began = time.monotonic()
        state = replace(old, refreshes=old.refreshes + 1)
        try:
            self._look(state, began)
        except PytelemetryError as error:
            state.problem, state.series = error, None
            self.close()
            if old.problem is None or old.problem.found != error.found:
                self._say(str(error))
        else:
            state.problem = None
            if old.problem is not None:
                self._say("the database can be read again")
        state.good_until = time.monotonic() + self._interval
        return state

    def _look(self, state: _State, began: float) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = db.connect(self._source, purpose="metrics")
        try:
            cheap = read(self._connection, self._schema, CHEAP)
            if began >= state.dear_until:
                state.dear = read(self._connection, self._schema, DEAR)
                state.dear_until = began + self._dear_interval
        except NotInstalled as error:
            found = read_state(self._connection, self._schema)
            raise error if found.has_code else not_installed(found) from error
        state.seconds = time.monotonic() - began
        own = {
            "telemetry_exporter_refreshes_total": float(state.refreshes),
            "telemetry_exporter_refresh_seconds": state.seconds,
        }
        exporter = [Series(metric.name, {}, own[metric.name]) for metric in METRICS if metric.source == EXPORTER]
        state.series = [*cheap, *state.dear, *exporter]

    def close(self) -> None:
        """Close the connection; the next look opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
