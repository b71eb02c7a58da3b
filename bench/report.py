"""The results as JSON, with every run, and as Markdown, with medians beside the goals."""

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import BATCH_GOAL, CASES, FLAT_GOAL, WAL_GOAL, Case
from bench.peers import LABELS

__all__ = ["Measure", "measures", "write"]

Run = dict[str, Any]

_FEW_ROWS = 1_000_000
_FEW_ROWS_NOTE = (
    "\n\n**Too few rows to judge by**: a pass has some 50 ms of fixed costs; the goals are for 10,000,000 rows."
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of the pass, one value for each repeat; the goal is an upper limit, or a lower one."""

    says: str
    values: tuple[float, ...]
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def median(self) -> float:
        """The value that is judged."""
        return statistics.median(self.values)

    @property
    def goal(self) -> str:
        """The goal as it is read, or nothing."""
        if self.most is not None:
            return f"≤ {self.most:g}{self.unit}"
        return "" if self.least is None else f"≥ {self.least:g}{self.unit}"

    @property
    def met(self) -> bool | None:
        """Whether the median is on the right side of the goal; None without one."""
        if self.most is not None:
            return self.median <= self.most
        return None if self.least is None else self.median >= self.least


def measures(case: Case, runs: Sequence[Run]) -> list[Measure]:
    """The figures of a case, without those that no run has."""
    found = [*_against_single(case, runs), *_against_loops(case, runs), *_of_the_pass(runs)]
    return [measure for measure in found if measure.values]


def _against_single(case: Case, runs: Sequence[Run]) -> Iterator[Measure]:
    """A row's time and WAL divided by those of one DELETE in the same repeat."""

    def ratio(seconds: str, allowance: float = 0) -> tuple[float, ...]:
        return _paired(
            runs,
            "single",
            # Not below 0: the allowance may be more than all of a short pass.
            lambda ours, single: (
                max(ours[seconds] - allowance, 0) / max(ours["removed"], 1) * single["rows_per_second"]
            ),
        )

    passed = f"(the pass - {case.allowance * 1000:g} ms)" if case.allowance else "the pass"
    yield Measure(f"time: {passed} / one DELETE", ratio("pass_seconds", case.allowance), "", case.single)
    yield Measure("time: the whole call / one DELETE", ratio("seconds"))
    yield Measure(
        "WAL: the whole call / one DELETE",
        # What was stopped before it removed anything has no WAL to compare with.
        _paired(
            [run for run in runs if run["removed"] > 0],
            "single",
            lambda ours, single: ours["wal_bytes"] / max(ours["removed"], 1) * single["removed"] / single["wal_bytes"],
        ),
        "",
        WAL_GOAL,
    )


def _against_loops(case: Case, runs: Sequence[Run]) -> Iterator[Measure]:
    """Rows a second divided by those of the other peers."""
    goals = dict(case.faster)
    for peer in [peer for peer in (*case.peers, *case.slow_peers) if peer not in ("ours", "single")]:
        values = _paired(
            runs, peer, lambda ours, other: ours["removed"] / ours["pass_seconds"] / other["rows_per_second"]
        )
        yield Measure(f"rows/s: the pass / {LABELS[peer]}", values, "", least=goals.get(peer))


def _of_the_pass(runs: Sequence[Run]) -> Iterator[Measure]:
    ours = [run for run in runs if run["peer"] == "ours"]
    flat = tuple(run["last_to_first_tenth"] for run in ours if run["last_to_first_tenth"] is not None)
    yield Measure("time of a row: last tenth of the batches / first tenth", flat, "", FLAT_GOAL)
    longest = tuple(run["longest_batch"] * 1000 for run in ours if run["longest_batch"] is not None)
    yield Measure("longest batch", longest, " ms", BATCH_GOAL * 1000)
    yield Measure("batches", tuple(run["batches"] for run in ours))
    grown = tuple(
        (run["memory_kb"]["end"]["private"] - run["memory_kb"]["start"]["private"]) / 1024
        for run in ours
        if run["memory_kb"]["start"] and run["memory_kb"]["end"]
    )
    yield Measure("growth of the backend's own memory", grown, " MB")


def _paired(runs: Sequence[Run], peer: str, ratio: Callable[[Run, Run], float]) -> tuple[float, ...]:
    """A value for each repeat that has both."""
    ours = {run["repeat"]: run for run in runs if run["peer"] == "ours"}
    others = [run for run in runs if run["peer"] == peer and run["repeat"] in ours]
    return tuple(ratio(ours[run["repeat"]], run) for run in others)


def write(result: dict[str, Any], runs: dict[str, list[Run]], output: Path) -> None:
    """Write ``results.json`` and ``results.md``; called after each case, so that what was measured is not lost."""
    cases = [case for case in CASES if case.name in runs]
    document = {**result, "cases": {case.name: _as_json(case, runs[case.name]) for case in cases}}
    output.mkdir(parents=True, exist_ok=True)
    (output / "results.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    parts = [_head(result), *(_section(case, result["options"]["rows"], runs[case.name]) for case in cases)]
    (output / "results.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _as_json(case: Case, runs: Sequence[Run]) -> dict[str, Any]:
    figures = [
        {
            "says": item.says,
            "unit": item.unit.strip(),
            "median": item.median,
            "min": min(item.values),
            "max": max(item.values),
            "goal": item.goal,
            "met": item.met,
        }
        for item in measures(case, runs)
    ]
    return {"says": case.says, "measures": figures, "runs": list(runs)}


def _head(result: dict[str, Any]) -> str:
    options, machine, server = result["options"], result["machine"], result["server"]
    settings = ", ".join(f"{name} = {value}" for name, value in server.items() if name != "server_version")
    few = options["rows"] < _FEW_ROWS
    return (
        f"# Benchmark of {result['began'][:16].replace('T', ' ')} UTC\n\n"
        f"PostgreSQL {server['server_version']}, pytelemetry_db {result['versions']['pytelemetry_db']}, "
        f"{options['rows']:,} rows, {options['repeats']} repeats, peers stopped after {options['cap']:g} s.\n"
        f"The benchmark ran on {machine['cores']} cores with {machine['memory_mb']:,} MB, "
        f"{'where the server is' if machine['local'] else 'the server is on another machine'}.\n"
        f"Settings: {settings}.\n\n"
        "Figures are medians with the least and the most of the repeats; a ratio is taken within each repeat first.\n"
        "What was stopped is compared by rows per second; one DELETE that was stopped would have needed longer, so\n"
        "its ratio is at most what stands here."
        f"{_FEW_ROWS_NOTE if few else ''}"
    )


def _section(case: Case, rows: int, runs: Sequence[Run]) -> str:
    total, expired = case.sizes(rows)
    strategies = sorted({run["strategy"] or "none" for run in runs if run["peer"] == "ours"})
    lines = [
        f"## {case.name}",
        "",
        f"`{case.table}`: {case.says}. {total:,} rows, {expired:,} expired. Strategy: {', '.join(strategies)}.",
        "",
        "| peer | seconds | min to max | rows/s | WAL, MB | runs |",
        "|---|---:|---:|---:|---:|---:|",
        *_peers(case, runs),
        "",
        "| measure | median | min to max | goal | met |",
        "|---|---:|---:|---:|---|",
    ]
    for item in measures(case, runs):
        met = {None: "", True: "yes", False: "no"}[item.met]
        spread = f"{_short(min(item.values))} to {_short(max(item.values))}"
        lines.append(f"| {item.says} | {_short(item.median)}{item.unit} | {spread} | {item.goal} | {met} |")
    return "\n".join(lines)


def _peers(case: Case, runs: Sequence[Run]) -> Iterator[str]:
    for peer in (*case.peers, *case.slow_peers):
        of_peer = [run for run in runs if run["peer"] == peer]
        times = {LABELS[peer]: "seconds"}
        if peer == "ours":
            times = {"a pass": "pass_seconds", "a pass, the whole call with ANALYZE": "seconds"}
        for label, seconds in times.items():
            values = [run[seconds] for run in of_peer]
            if not values:
                continue
            stopped = " (stopped)" if any(run["capped"] for run in of_peer) else ""
            speed = statistics.median(run["removed"] / run[seconds] for run in of_peer)
            wal = statistics.median(run["wal_bytes"] for run in of_peer) / 2**20
            yield (
                f"| {label}{stopped} | {statistics.median(values):.3f} | {min(values):.3f} to {max(values):.3f} "
                f"| {speed:,.0f} | {wal:,.1f} | {len(values)} |"
            )


def _short(value: float) -> str:
    """Three or four digits: a ratio of 1.052 is not shown as its goal of 1.05."""
    return f"{value:.3f}" if value < 10 and value != int(value) else f"{value:.4g}"
