"""``python -m bench.convert``: what writers notice while the table that they write becomes a partitioned one, and back.

pgbench runs the aggregator's upsert at a steady rate; its slowest one while ``convert`` runs, and while that is undone
with rows in the new partitions, is set beside its slowest one before that, in several tables. Latencies count from the
time at which a transaction was due.
"""

import argparse
import json
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.stage import Stage
from bench.statements import statement
from bench.throwaway import throwaway
from bench.writers import writers

_PARTS = ("alone", "convert", "undo")


def main(arguments: list[str] | None = None) -> int:
    """Convert a table several times under load, print a table and write it beside the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.convert", description=__doc__)
    parser.add_argument("--dsn", help="a superuser's; without it a server to throw away is started")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--ahead", type=int, default=20_000, help="rows that the undo has to move back")
    parser.add_argument("--rate", type=int, default=400, help="transactions a second")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=20, help="how long to watch with nothing converted")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("bench/results"))
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        dsn = options.dsn or stack.enter_context(throwaway(options.rows))
        stage = stack.enter_context(Stage(dsn))
        runs = []
        for _ in range(options.repeats):
            with stage.empty() as database:
                runs.append(_measure(stage, dsn, database, options))
            print(runs[-1], file=sys.stderr, flush=True)
        result = {
            "rows": options.rows,
            "ahead": options.ahead,
            "rate": options.rate,
            "clients": options.clients,
            "settings": stage.settings,
            "runs": runs,
        }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "convert.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.output / "convert.md").write_text(_markdown(result))
    print(_markdown(result))
    return 0


def _measure(stage: Stage, dsn: str, database: str, options: argparse.Namespace) -> dict[str, Any]:
    """Fill a table, load it, convert it and undo that; by part its seconds and what writers noticed, in ms."""
    with stage.connect(database, owner=True) as connection:
        connection.execute(statement("create_agg"))
        values = {"rows": options.rows, "expired": options.rows // 2, "scattered": False}
        connection.execute(statement("fill_agg"), values)
        connection.execute(statement("index_agg"))
        connection.execute(statement("vacuum", relation="agg_1m"))
        connection.execute(statement("convert_policy"))
        with stage.connect(database) as superuser:
            superuser.execute(statement("checkpoint"))
        times = {}
        with writers(dsn, database, options, "upsert.pgbench") as late:
            time.sleep(2)
            begun = time.time()
            time.sleep(options.seconds)
            times["alone"] = begun, time.time()
            begun = time.time()
            connection.execute(statement("convert"))
            times["convert"] = begun, time.time()
            # Whoever waited is through by then, and has made up for it.
            time.sleep(2)
            connection.execute(statement("convert_ahead"), {"rows": options.ahead})
            time.sleep(2)
            begun = time.time()
            connection.execute(statement("convert_undo"))
            times["undo"] = begun, time.time()
    return {part: _noticed(late.within(begun, ended + 1), ended - begun) for part, (begun, ended) in times.items()}


def _noticed(latencies: list[float], seconds: float) -> dict[str, float]:
    """What writers noticed in a time, from their latencies in ms, the lowest first."""
    return {
        "seconds": round(seconds, 2),
        "transactions": len(latencies),
        "p99": round(latencies[len(latencies) * 99 // 100], 2),
        "longest": round(latencies[-1], 1),
    }


def _markdown(result: dict[str, Any]) -> str:
    runs = result["runs"]
    lines = [
        "# Writers during a conversion and its undo",
        "",
        f"{result['rows']:,} rows of agg_1m become partitions by month and a plain table again, for which",
        f"{result['ahead']:,} rows of later months move back, with {result['rate']} upserts a second of",
        f"{result['clients']} clients. Medians of {len(runs)} and, in brackets, the most; latencies in ms, from the",
        "time at which a transaction was due.",
        "",
        "| | seconds | p99 | longest |",
        "|---|---:|---:|---:|",
    ]
    for part, name in zip(_PARTS, ("the load alone", "conversion", "undo"), strict=True):
        cells = []
        for figure, places in (("seconds", 1), ("p99", 2), ("longest", 1)):
            found = [run[part][figure] for run in runs]
            cells.append(f"{statistics.median(found):.{places}f} ({max(found):.{places}f})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
