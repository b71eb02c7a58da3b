"""``python -m bench.bill``: what the plan said that a pass would cost, beside what it then did cost.

In each case a first pass removes a part of what is expired; then the plan is asked, and the rest removed.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.cases import CASES, Case
from bench.peers import PEERS, Call
from bench.stage import Stage, one
from bench.statements import statement
from bench.throwaway import throwaway

# A plan is a miss when it is wrong by more than this: of the rows (in per cent, with and without an index on the
# time), and of the work and the WAL (as a factor).
ROWS_INDEXED, ROWS_ELSE, FACTOR = 5, 20, 1.5
_COLUMNS = ("case", "rows", "estimated", "work s", "billed", "WAL MB", "billed", "missed")


def main() -> int:
    """Ask and pass in every case, print a table, and write the figures; 1 when a plan missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.bill", description=__doc__)
    parser.add_argument("--dsn", help="a superuser's; without it a server to throw away is started")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES if not case.held], dest="cases")
    parser.add_argument("--output", type=Path, default=Path("bench/results"))
    options = parser.parse_args()
    found = []
    if options.dsn:
        found = _all(options.dsn, options.rows, options.cases)
    else:
        with throwaway(options.rows) as dsn:
            found = _all(dsn, options.rows, options.cases)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "bill.json").write_text(json.dumps(found, indent=1) + "\n")
    text = _markdown(found)
    (options.output / "bill.md").write_text(text)
    print(text)
    return int(any(each["missed"] for each in found))


def _all(dsn: str, rows: int, names: list[str] | None) -> list[dict[str, Any]]:
    found = []
    with Stage(dsn) as stage:
        for case in CASES:
            if case.held or case.name not in (names or case.name):
                continue
            with stage.template(case, rows) as template, stage.copy(template, case) as database:
                found.append(_ask(stage, database, case))
            print(found[-1], file=sys.stderr, flush=True)
    return found


def _ask(stage: Stage, database: str, case: Case) -> dict[str, Any]:
    with stage.connect(database, owner=True) as connection:
        values = {"relation": case.table}
        keep = one(connection.execute(statement("quarter", relation=case.table, time_column=case.column)))["keep"]
        connection.execute(statement("calibrate"), {**values, "keep": keep})
        with stage.connect(database) as superuser:
            superuser.execute(statement("vacuum", relation=case.table))
        exact = one(connection.execute(statement("bill"), {**values, "exact": True}))
        estimated = one(connection.execute(statement("bill"), {**values, "exact": False}))
        with stage.connect(database) as superuser:
            # As between two passes of different days: each page is written whole once more.
            superuser.execute(statement("checkpoint"))
        PEERS["ours"](Call(stage, database, connection, case, 600))
        did = one(connection.execute(statement("last_run")))
    figures = {
        "case": case.name,
        "rows": did["rows"],
        "planned": exact["expired_rows"],
        "estimated": estimated["expired_rows"],
        "work_s": did["pass_seconds"],
        "billed_s": exact["work_s"],
        "wal_mb": did["ledger_wal_bytes"] / 1e6,
        "billed_wal_mb": exact["wal_bytes"] / 1e6,
        "basis": exact["basis"],
    }
    return {**figures, "missed": _missed(figures, indexed="without_time" not in case.indexes)}


def _missed(figures: dict[str, Any], *, indexed: bool) -> list[str]:
    allowed = ROWS_INDEXED if indexed else ROWS_ELSE
    missed = []
    if figures["planned"] != figures["rows"]:
        missed.append("counted rows")
    if abs(figures["estimated"] - figures["rows"]) * 100 > allowed * figures["rows"]:
        missed.append("estimated rows")
    for did, billed in (("work_s", "billed_s"), ("wal_mb", "billed_wal_mb")):
        if not 1 / FACTOR <= figures[billed] / max(figures[did], 1e-9) <= FACTOR:
            missed.append(did)
    return missed


def _markdown(found: list[dict[str, Any]]) -> str:
    lines = [" | ".join(_COLUMNS), " | ".join("---" for _ in _COLUMNS)]
    lines += [
        f"{each['case']} | {each['rows']:,} | {each['estimated']:,} | {each['work_s']:.2f} | {each['billed_s']:.2f}"
        f" | {each['wal_mb']:.0f} | {each['billed_wal_mb']:.0f} | {', '.join(each['missed']) or 'none'}"
        for each in found
    ]
    return "".join(f"| {line} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
