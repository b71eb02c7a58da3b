"""``python -m bench.convert``: what writers notice while the table that they write becomes a partitioned one.

pgbench runs the aggregator's upsert at a steady rate; its slowest one while ``convert`` runs is set beside its slowest
one before that, in several tables. Latencies count from the time at which a transaction was due.
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

_FIGURES = ("seconds", "p99_before", "p99", "most_before", "most")


def main(arguments: list[str] | None = None) -> int:
    """Convert a table several times under load, print a table and write it beside the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.convert", description=__doc__)
    parser.add_argument("--dsn", help="a superuser's; without it a server to throw away is started")
    parser.add_argument("--rows", type=int, default=10_000_000)
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
    """Fill a table, load it, convert it; what writers noticed before and meanwhile, in ms."""
    with stage.connect(database, owner=True) as connection:
        connection.execute(statement("create_agg"))
        values = {"rows": options.rows, "expired": options.rows // 2, "scattered": False}
        connection.execute(statement("fill_agg"), values)
        connection.execute(statement("index_agg"))
        connection.execute(statement("vacuum", relation="agg_1m"))
        connection.execute(statement("convert_policy"))
        with stage.connect(database) as superuser:
            superuser.execute(statement("checkpoint"))
        with writers(dsn, database, options, "upsert.pgbench") as late:
            time.sleep(2)
            first = time.time()
            time.sleep(options.seconds)
            begun = time.time()
            connection.execute(statement("convert"))
            ended = time.time()
    before, meanwhile = late.within(first, begun), late.within(begun, ended + 1)
    return {
        "seconds": round(ended - begun, 2),
        "transactions": len(meanwhile),
        "p99_before": round(before[len(before) * 99 // 100], 2),
        "p99": round(meanwhile[len(meanwhile) * 99 // 100], 2),
        "most_before": round(before[-1], 1),
        "most": round(meanwhile[-1], 1),
    }


def _markdown(result: dict[str, Any]) -> str:
    runs = result["runs"]
    middle = {name: statistics.median(run[name] for run in runs) for name in _FIGURES}
    worst = {name: max(run[name] for run in runs) for name in _FIGURES}
    lines = [
        "# Writers during a conversion",
        "",
        f"{result['rows']:,} rows of agg_1m become partitions by month, with {result['rate']} upserts a second of",
        f"{result['clients']} clients; latencies in ms, from the time at which a transaction was due.",
        "",
        "| | seconds | p99 before | p99 meanwhile | longest before | longest meanwhile |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, row in ((f"median of {len(runs)}", middle), ("most", worst)):
        lines.append(
            f"| {name} | {row['seconds']:.1f} | {row['p99_before']:.2f} | {row['p99']:.2f} "
            f"| {row['most_before']:.1f} | {row['most']:.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
