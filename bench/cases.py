"""What is measured: tables in different states, the peers of each, and what we want to reach."""

from dataclasses import dataclass

__all__ = ["BATCH_GOAL", "CASES", "FLAT_GOAL", "WAL_GOAL", "Case"]

# Goals of every case: WAL against one DELETE, the last tenth of the batches against the first, seconds of a batch.
WAL_GOAL = 1.05
FLAT_GOAL = 1.2
BATCH_GOAL = 1.5 * 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One table in one state.

    ``divisor`` makes wide tables shorter; ``slow_peers`` run once, the others as often as was asked for. Goals: the
    pass takes at most ``single`` times as long as one DELETE, ``allowance`` seconds aside, and removes at least
    ``faster`` times as many rows a second as a peer.
    """

    name: str
    says: str
    table: str = "events_seen"
    column: str = "created_at"
    rows: str = "events"
    indexes: str = "index_events"
    share: float = 0.5
    scattered: bool = False
    divisor: int = 1
    held: bool = False
    peers: tuple[str, ...] = ("ours", "single", "loop")
    slow_peers: tuple[str, ...] = ()
    single: float | None = None
    allowance: float = 0
    faster: tuple[tuple[str, float], ...] = ()

    def sizes(self, rows: int) -> tuple[int, int]:
        """How many rows there are, and how many of them are expired."""
        total = rows // self.divisor
        return total, int(total * self.share)


CASES = (
    Case(
        name="time_order",
        says="rows in order of time, half of them expired",
        slow_peers=("rows",),
        single=1.15,
        faster=(("loop", 3.5),),
    ),
    Case(
        name="scattered",
        says="rows in no order of time, half of them expired",
        scattered=True,
        single=0.5,
        faster=(("loop", 6),),
    ),
    Case(
        name="no_index",
        says="rows in order of time, half of them expired, no index on the time",
        indexes="index_events_without_time",
        slow_peers=("order_by",),
        single=1.0,
        faster=(("loop", 2.5), ("order_by", 50)),
    ),
    Case(
        name="held_snapshot",
        says="rows in order of time, half of them expired; another session holds a snapshot all the time",
        held=True,
        single=1.25,
        faster=(("loop", 20),),
    ),
    Case(
        name="one_percent",
        says="rows in order of time, 1 % of them expired",
        share=0.01,
        single=1.3,
        allowance=0.15,
    ),
    Case(
        name="toast",
        says="rows of 2 kB stored out of line, in order of time, half of them expired",
        rows="toast",
        divisor=20,
        single=1.15,
    ),
    Case(
        name="agg_time",
        says="one-minute aggregates in order of time, half of them expired",
        table="agg_1m",
        column="window_start_ts",
        rows="agg",
        indexes="index_agg",
    ),
    Case(
        name="agg_series",
        says="one-minute aggregates, one series after the other, half of them expired",
        table="agg_1m",
        column="window_start_ts",
        rows="agg",
        indexes="index_agg",
        scattered=True,
    ),
)
