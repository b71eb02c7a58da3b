"""``python -m bench.load``: what writers notice while expired rows are removed.

pgbench runs the aggregator's transaction at a steady rate, and among it redelivered events whose rows are being
removed; latencies count from the time at which a transaction was due.
"""

import argparse
import json
import statistics
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.cases import CASES, Case
from bench.peers import PEERS, Call
from bench.stage import Stage, one
from bench.statements import statement
from bench.throwaway import throwaway
from bench.writers import writers

_MODES = ("none", "single", "loop", "gentle", "normal", "full")
_FIGURES = ("seconds", "rows", "p50", "p95", "p99")


def main() -> int:
    """Run every mode in turn, print a table and write it beside the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--dsn", help="a superuser's; without it a server to throw away is started")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=800, help="transactions a second")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=20, help="how long to watch with nothing removed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("bench/results"))
    options = parser.parse_args()
    case = next(each for each in CASES if each.name == "time_order")
    runs: list[dict[str, Any]] = []
    with ExitStack() as stack:
        dsn = options.dsn or stack.enter_context(throwaway(options.rows))
        stage = stack.enter_context(Stage(dsn))
        template = stack.enter_context(stage.template(case, options.rows))
        with stage.connect(template, owner=True) as connection:
            for name in ("create_agg", "index_agg"):
                connection.execute(statement(name))
        for repeat in range(options.repeats):
            first = repeat % len(_MODES)
            for mode in _MODES[first:] + _MODES[:first]:
                with stage.copy(template, case) as database:
                    runs.append({"mode": mode, **_measure(stage, dsn, database, case, mode, options)})
                print(runs[-1], file=sys.stderr, flush=True)
        result = {
            "begun": datetime.now(UTC).isoformat(timespec="minutes"),
            "rows": options.rows,
            "rate": options.rate,
            "clients": options.clients,
            "settings": stage.settings,
            "runs": runs,
        }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "load.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.output / "load.md").write_text(_markdown(result))
    print(_markdown(result))
    return 0


def _measure(
    stage: Stage, dsn: str, database: str, case: Case, mode: str, options: argparse.Namespace
) -> dict[str, Any]:
    scripts = ("aggregate.pgbench@9", "redeliver.pgbench@1")
    with writers(dsn, database, options, *scripts, define=f"rows={options.rows // 2}") as late:
        time.sleep(min(2, options.seconds))
        begun = time.time()
        removed = _remove(stage, database, case, mode, options.seconds)
    measured = late.within(begun, begun + removed["seconds"] + 0.5)
    return {
        **removed,
        "transactions": len(measured),
        **{f"p{part}": round(measured[len(measured) * part // 100], 2) for part in (50, 95, 99)},
        "most": round(measured[-1], 2),
    }


def _remove(stage: Stage, database: str, case: Case, mode: str, least: int) -> dict[str, Any]:
    """Remove expired rows in one way: how long it took, how many went, how many waiting sessions a pass counted."""
    if mode == "none":
        time.sleep(least)
        return {"seconds": float(least), "rows": 0, "blocked": 0, "deadlocks": 0}
    before = stage.count(database, case).expired
    with stage.connect(database, owner=True) as connection:
        begun = time.monotonic()
        if mode in PEERS:
            PEERS[mode](Call(stage, database, connection, case, 120))
        else:
            connection.execute(statement("at_duty"), {"relation": case.table, "duty": mode})
        seconds = time.monotonic() - begun
        blocked = one(connection.execute(statement("blocked")))["blocked"]
        deadlocks = one(connection.execute(statement("deadlocks")))["deadlocks"]
    return {
        "seconds": round(seconds, 2),
        "rows": before - stage.count(database, case).expired,
        "blocked": blocked,
        "deadlocks": deadlocks,
    }


def _markdown(result: dict[str, Any]) -> str:
    lines = [
        "# Writers during a removal",
        "",
        f"{result['begun']}: {result['clients']} clients, {result['rate']} transactions a second, one in ten of them",
        f"an event that comes again; {result['rows']:,} rows, half of them expired. Latencies in ms, from the time at",
        "which a transaction was due.",
        "",
        "| removal | seconds | rows/s | p50 | p95 | p99 | longest | deadlocks | runs |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for mode in _MODES:
        runs = [run for run in result["runs"] if run["mode"] == mode]
        middle = {name: statistics.median(run[name] for run in runs) for name in _FIGURES}
        lines.append(
            f"| {mode} | {middle['seconds']:.1f} | {middle['rows'] / middle['seconds']:,.0f} | {middle['p50']:.2f} "
            f"| {middle['p95']:.2f} | {middle['p99']:.2f} | {max(run['most'] for run in runs):.1f} "
            f"| {sum(run['deadlocks'] for run in runs)} | {len(runs)} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
