"""Writers at a steady rate while something is done to their table: pgbench, and how late each transaction was."""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

__all__ = ["Latencies", "writers"]

_SCRIPTS = Path(__file__).parent / "pgbench"
# What a transaction is late by when it ends is written to the log some time afterwards.
_BEHIND = 2


class Latencies:
    """Of each transaction when it ended (epoch, seconds), and its latency in ms from the time it was due at."""

    def __init__(self) -> None:
        self.all: list[tuple[float, float]] = []

    def within(self, begun: float, ended: float) -> list[float]:
        """The latencies of those that ended in a time, the lowest first."""
        return sorted(ms for at, ms in self.all if begun <= at <= ended)


@contextmanager
def writers(
    dsn: str, database: str, options: argparse.Namespace, *scripts: str, define: str = "rows=0"
) -> Iterator[Latencies]:
    """Run scripts of ``bench/pgbench``, ``name`` or ``name@weight``, at ``options.rate`` with ``options.clients``
    until the block ends; what it yields is filled by then."""
    found = Latencies()
    with tempfile.TemporaryDirectory() as folder:
        load = subprocess.Popen(
            [
                *("pgbench", "--no-vacuum", "--log", f"--log-prefix={folder}/log", f"--rate={options.rate}"),
                *(f"--client={options.clients}", "--jobs=2", "--time=86400", f"--define={define}"),
                *(f"--file={_SCRIPTS}/{script}" for script in scripts),
                make_conninfo(dsn, dbname=database, options="-c TimeZone=UTC"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield found
            time.sleep(_BEHIND)
        finally:
            load.terminate()
            load.wait()
        # Client, number, us, script, epoch, us, lag.
        lines = [line.split() for path in Path(folder).glob("log*") for line in path.read_text().splitlines()]
    found.all = [(int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1e3) for line in lines if len(line) >= 6]
