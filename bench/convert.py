"""``python -m bench.convert``: what writers notice while the table that they write becomes a partitioned one.

pgbench runs the aggregator's transaction at a steady rate; its slowest transaction while ``convert`` runs is set beside
its slowest one before that, the median of several tables. Latencies count from the time a transaction was due.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.statements import statement
from bench.throwaway import throwaway
from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

_SCRIPT = Path(__file__).parent / "pgbench" / "convert.pgbench"


def main() -> int:
    """Convert a table several times under load and print what writers noticed, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.convert", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=400, help="transactions a second")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=10, help="how long to watch before and after")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with throwaway(options.rows) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement("convert_role"))
            connection.execute(statement("convert_as"))
            connection.execute(render_install(load()).text.encode())
        runs = [_measure(dsn, options) for _ in range(options.repeats)]
    median = {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}
    print(json.dumps({"rows": options.rows, "rate": options.rate, "runs": runs, "median": median}, indent=2))
    return 0


def _measure(dsn: str, options: argparse.Namespace) -> dict[str, float]:
    """Fill a table, load it, convert it; milliseconds of the slowest transaction of each phase."""
    with psycopg.connect(dsn, autocommit=True) as connection, tempfile.TemporaryDirectory() as directory:
        connection.execute(statement("convert_as"))
        connection.execute(statement("convert_clear"))
        connection.execute(statement("create_agg"))
        values = {"rows": options.rows, "expired": options.rows // 2, "scattered": False}
        connection.execute(statement("fill_agg"), values)
        connection.execute(statement("index_agg"))
        connection.execute(statement("convert_policy"))
        load_ = _start(dsn, Path(directory), options)
        try:
            time.sleep(options.seconds)
            begun = time.time()
            connection.execute(statement("convert"))
            ended = time.time()
            time.sleep(options.seconds)
        finally:
            load_.terminate()
            load_.wait()
        lines = [line.split() for log in Path(directory).glob("load.*") for line in log.read_text().splitlines()]
    done = [(int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1000) for line in lines if len(line) > 5]
    return {
        "seconds": ended - begun,
        "slowest_before_ms": max((ms for at, ms in done if at < begun), default=0.0),
        "slowest_meanwhile_ms": max((ms for at, ms in done if begun <= at <= ended + 1), default=0.0),
        "transactions": float(len(done)),
    }


def _start(dsn: str, directory: Path, options: argparse.Namespace) -> "subprocess.Popen[Any]":
    """Start pgbench, with a log of every transaction in ``directory``."""
    command = ["pgbench", "-n", "-f", str(_SCRIPT), "-c", str(options.clients), "-j", "1", "-R", str(options.rate)]
    command += ["-T", "86400", "-l", "--log-prefix", str(directory / "load"), dsn]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
