"""``python -m bench.rotation``: partitions made and removed by us, by pg_partman and by hand.

First with many partitions: how long one new and one expired partition take, and how many locks a session holds at most.
Then under load: what writers notice while partitions are made ahead and one is dropped.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.stage import Connection, Stage, one
from bench.statements import statement
from bench.throwaway import throwaway
from bench.writers import writers

# Partitions that are dropped with their table are locked all at once.
_SETTINGS = ("max_locks_per_transaction = 512",)
_SIDES = ("ours", "theirs")
_MODES = ("none", "ours", "theirs", "by hand")


def main(arguments: list[str] | None = None) -> int:
    """Run both parts, print two tables and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.rotation", description=__doc__)
    parser.add_argument("--dsn", help="a superuser's, with pg_partman; without it a server to throw away is started")
    parser.add_argument("--partitions", type=int, default=1500, help="days of each set in the first part")
    parser.add_argument("--premake", type=int, default=12, help="months made ahead in the second part")
    parser.add_argument("--rate", type=int, default=400, help="transactions a second")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("bench/results"))
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        dsn = options.dsn or stack.enter_context(throwaway(1_000_000, _SETTINGS))
        stage = stack.enter_context(Stage(dsn))
        database = stack.enter_context(stage.empty("rotation_extension"))
        with stage.connect(database, owner=True) as connection:
            connection.execute(statement("rotation_helpers"))
        many = _many(stage, database, options)
        stalls = _stalls(stage, dsn, database, options)
    result = {"options": {**vars(options), "output": str(options.output), "dsn": None}, "many": many, "stalls": stalls}
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "rotation.json").write_text(json.dumps(result, indent=1) + "\n")
    text = _markdown(result)
    (options.output / "rotation.md").write_text(text)
    print(text)
    return 0


def _set(connection: Connection, relation: str, side: str, *, unit: str, ago: int, number: int, premake: int) -> None:
    """A set with a policy that keeps all but its oldest partition, ours or handed to pg_partman."""
    interval = f"1 {unit}"
    connection.execute(statement("rotation_table", relation=relation))
    connection.execute(
        statement("rotation_fill"),
        {"relation": relation, "unit": unit, "ago": ago, "number": number, "interval": interval},
    )
    # The oldest ends ago - 1 intervals before the present one begins.
    keep = f"{ago - 2} {unit}s"
    values = {"relation": relation, "keep": keep, "interval": interval, "premake": premake}
    connection.execute(statement("rotation_policy"), values)
    if side == "theirs":
        connection.execute(statement("rotation_give"), {"relation": relation})


def _forget(connection: Connection, relation: str) -> None:
    connection.execute(statement("rotation_forget"), {"relation": relation})
    connection.execute(statement("rotation_drop", relation=relation))


def _many(stage: Stage, database: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One partition is missing at the end and one expired at the beginning; ours and theirs in turn."""
    runs = []
    with stage.connect(database, owner=True) as connection:
        for repeat in range(options.repeats):
            for side in _SIDES if repeat % 2 == 0 else reversed(_SIDES):
                relation = f"many_{side}_{repeat}"
                ago = options.partitions - 5
                _set(connection, relation, side, unit="day", ago=ago, number=options.partitions, premake=5)
                before = _census(connection, relation)
                seconds, locks = _timed(stage, database, connection, f"rotation_{side}", relation)
                after = _census(connection, relation)
                idle, _ = _timed(stage, database, connection, f"rotation_{side}", relation)
                with stage.connect(database, owner=True) as new:
                    fresh, _ = _timed(stage, database, new, f"rotation_{side}", relation)
                runs.append(
                    {
                        "side": side,
                        "seconds": seconds,
                        "locks": locks,
                        "idle_seconds": idle,
                        "fresh_seconds": fresh,
                        "made": after["newest"] > before["newest"],
                        "removed": after["oldest"] > before["oldest"],
                    }
                )
                print(runs[-1], file=sys.stderr, flush=True)
                _forget(connection, relation)
    return runs


def _census(connection: Connection, relation: str) -> dict[str, Any]:
    return one(connection.execute(statement("rotation_newest"), {"relation": relation}))


def _timed(stage: Stage, database: str, connection: Connection, name: str, relation: str) -> tuple[float, int]:
    """Seconds of one call, and the most locks that were seen in its session, looked at all the time."""
    most, over = 0, threading.Event()
    pid = connection.info.backend_pid

    def watch() -> None:
        nonlocal most
        with stage.connect(database) as watcher:
            while not over.wait(0.001):
                most = max(most, one(watcher.execute(statement("rotation_locks"), {"pid": pid}))["held"])

    watcher = threading.Thread(target=watch)
    watcher.start()
    time.sleep(0.2)
    begun = time.monotonic()
    try:
        connection.execute(statement(name), {"relation": relation})
        seconds = time.monotonic() - begun
    finally:
        over.set()
        watcher.join()
    return round(seconds, 4), most


def _stalls(stage: Stage, dsn: str, database: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    runs = []
    for repeat in range(options.repeats):
        first = repeat % len(_MODES)
        for mode in _MODES[first:] + _MODES[:first]:
            runs.append({"mode": mode, **_stall(stage, dsn, database, mode, options)})
            print(runs[-1], file=sys.stderr, flush=True)
    return runs


def _stall(stage: Stage, dsn: str, database: str, mode: str, options: argparse.Namespace) -> dict[str, Any]:
    """The longest that a writer waited while partitions were made ahead and one was dropped."""
    with stage.connect(database, owner=True) as connection:
        side = "theirs" if mode == "theirs" else "ours"
        _set(connection, "agg_1m", side, unit="month", ago=14, number=15, premake=options.premake)
        with writers(dsn, database, options, "upsert.pgbench") as late:
            time.sleep(2)
            before, begun = _census(connection, "agg_1m"), time.time()
            _change(connection, mode, options.premake)
            seconds = time.time() - begun
            after = _census(connection, "agg_1m")
        within = late.within(begun - 0.5, begun + max(seconds, 1) + 0.5)
        _forget(connection, "agg_1m")
    return {
        "seconds": round(seconds, 3),
        "made_and_removed": (after["newest"] > before["newest"], after["oldest"] > before["oldest"]),
        "transactions": len(within),
        "p99": round(within[len(within) * 99 // 100], 2),
        "most": round(within[-1], 2),
    }


def _change(connection: Connection, mode: str, premake: int) -> None:
    if mode == "none":
        time.sleep(1)
    elif mode == "by hand":
        oldest = _census(connection, "agg_1m")["oldest"]
        values = {"relation": "agg_1m", "unit": "month", "ago": -1, "number": premake, "interval": "1 month"}
        connection.execute(statement("rotation_fill"), values)
        connection.execute(statement("rotation_drop", relation=oldest))
    else:
        connection.execute(statement(f"rotation_{mode}"), {"relation": "agg_1m"})


def _markdown(result: dict[str, Any]) -> str:
    lines = [
        "# Rotation",
        "",
        f"{result['options']['partitions']:,} partitions by day; one is missing and one expired. Medians.",
        "",
        "| | seconds | with nothing to do | the same, in a new session | most locks | runs |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for side in _SIDES:
        runs = [run for run in result["many"] if run["side"] == side]
        seconds = " | ".join(
            f"{statistics.median(run[name] for run in runs):.3f}"
            for name in ("seconds", "idle_seconds", "fresh_seconds")
        )
        lines.append(f"| {side} | {seconds} | {statistics.median(run['locks'] for run in runs):.0f} | {len(runs)} |")
    lines += [
        "",
        f"{result['options']['premake']} months made ahead and one dropped, with {result['options']['rate']} writing",
        "transactions a second; latencies in ms from the time at which each was due. Medians.",
        "",
        "| | seconds | p99 | longest | runs |",
        "|---|---:|---:|---:|---:|",
    ]
    for mode in _MODES:
        runs = [run for run in result["stalls"] if run["mode"] == mode]
        middle = {name: statistics.median(run[name] for run in runs) for name in ("seconds", "p99", "most")}
        lines.append(f"| {mode} | {middle['seconds']:.2f} | {middle['p99']:.2f} | {middle['most']:.1f} | {len(runs)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
