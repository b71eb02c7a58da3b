"""The benchmark runs on any server, writes what it promises, leaves nothing behind, and notices wrong rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import Cluster
from support.command import ROOT

from bench import convert, rotation
from bench.cases import CASES
from bench.cli import main
from bench.measure import turns
from bench.peers import LABELS, PEERS, Call
from bench.report import Measure
from bench.sampler import Sample, flatness


def make_bench(output: Path, **variables: object) -> subprocess.CompletedProcess[str]:
    """`make bench` with the programs that run this test; nothing is installed."""
    bench = ["make", "--assume-old=.venv/.dev", "bench", f"BIN={Path(sys.executable).parent}", f"OUTPUT={output}"]
    given = [f"{name}={value}" for name, value in variables.items()]
    # A make around this one would hand down its own variables.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "DSN")}
    return subprocess.run([*bench, *given], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)


def leftovers(cluster: Cluster) -> list[tuple[Any, ...]]:
    with cluster.connect() as connection:
        return connection.execute(
            "select datname from pg_database where datname ~ 'bench' "
            "union all select rolname from pg_roles where rolname ~ 'bench'"
        ).fetchall()


def test_every_case_is_measured_on_a_server_of_its_own(tmp_path: Path) -> None:
    if os.environ.get("PYTELEMETRY_TEST_DSN"):
        pytest.skip("needs a server of its own: PYTELEMETRY_TEST_DSN names one that is used instead")
    done = make_bench(tmp_path / "results", ROWS=20000, REPEATS=1)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "results" / "results.json").read_text())
    assert list(result["cases"]) == [case.name for case in CASES]
    assert {"fsync": "on", "autovacuum": "off", "max_wal_size": "8GB"}.items() <= result["server"].items()
    page = (tmp_path / "results" / "results.md").read_text()
    for case in CASES:
        measured = result["cases"][case.name]
        assert sorted(run["peer"] for run in measured["runs"]) == sorted(case.peers + case.slow_peers)
        for run in measured["runs"]:
            assert (run["removed"], run["wrong"]) == (case.sizes(20000)[1], None)
            assert run["seconds"] > 0
            assert run["wal_bytes"] > 0
        section = page.split(f"\n## {case.name}\n")[1].split("\n## ")[0]
        assert [label for label in map(LABELS.get, case.peers + case.slow_peers) if f"| {label} |" not in section] == []
        assert section.count("≥") == len(case.faster)
        assert ("≤ 1.05" in section, "≤ 300 ms" in section) == (True, True)


def test_a_server_that_is_named_is_left_as_it_was(cluster: Cluster, tmp_path: Path) -> None:
    done = make_bench(tmp_path, DSN=cluster.dsn(), ROWS=5000, REPEATS=2, CASES="one_percent,held_snapshot")
    assert done.returncode == 0, done.stderr
    cases = json.loads((tmp_path / "results.json").read_text())["cases"]
    assert {name: len(measured["runs"]) for name, measured in cases.items()} == {"held_snapshot": 6, "one_percent": 6}
    assert leftovers(cluster) == []


def removes_all(call: Call) -> dict[str, Any]:
    call.connection.execute("delete from events_seen")
    return {}


def removes_nothing(call: Call) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(
    ("peer", "says"), [(removes_all, "0 rows are left that are not expired"), (removes_nothing, "50 expired rows")]
)
def test_wrong_rows_are_not_overlooked(
    peer: Callable[[Call], dict[str, Any]],
    says: str,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(PEERS, "single", peer)
    arguments = ["--dsn", cluster.dsn(), "--rows", "5000", "--cases", "one_percent", "--output", str(tmp_path)]
    assert main(arguments) == 2
    assert f"WRONG ROWS: one_percent, single: {says}" in capsys.readouterr().err
    runs = json.loads((tmp_path / "results.json").read_text())["cases"]["one_percent"]["runs"]
    assert [run["peer"] for run in runs if run["wrong"]] == ["single"]
    assert leftovers(cluster) == []


def test_no_server_is_one_line_and_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--dsn", f"host={tmp_path}", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("bench: connection")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rows", "10"], "'10' is not a number from 5000 to 1e+09"),
        (["--rows", "many"], "'many' is not a number"),
        (["--repeats", "0"], "'0' is not a number from 1 to 99"),
        (["--cap", "nan"], "'nan' is not a number"),
        (["--cases", "time_order,other"], "there is no case 'other'; there are time_order"),
        (["--cases", " "], "no case is named"),
        (["--dsn", "password=secret nonsense"], "this is no connection string"),
    ],
)
def test_wrong_usage_is_one_line_and_64(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    error = capsys.readouterr().err
    assert (stopped.value.code, says in error, error.count("\n"), "secret" in error) == (64, True, 1, False)


def test_every_peer_has_its_turn_to_be_the_first() -> None:
    case = next(case for case in CASES if case.name == "no_index")
    order = [[peer for repeat, peer in turns(case, 4) if repeat == number] for number in range(4)]
    assert [peers[0] for peers in order] == ["ours", "single", "loop", "ours"]
    assert ["order_by" in peers for peers in order] == [True, False, False, False]
    assert all(set(peers) >= set(case.peers) for peers in order)


def test_the_last_tenth_is_compared_with_the_first() -> None:
    even = [Sample(batch, 1000 * batch, 0.2 * batch) for batch in range(1, 41)]
    assert flatness(even) == pytest.approx(1)
    assert flatness([*even[:30], *(Sample(b, 1000 * b, 6 + 0.4 * (b - 30)) for b in range(31, 41))]) == pytest.approx(2)
    assert flatness(even[:19]) is None
    assert flatness([]) is None


def test_the_median_is_judged() -> None:
    assert Measure("x", (1.0, 1.1, 9.0), "", most=1.15).met is True
    assert Measure("x", (1.0, 1.2, 1.3), "", most=1.15).met is False
    assert Measure("x", (3.0, 4.0), "", least=3.5).met is True
    assert Measure("x", (3.0,)).met is None


def test_rotations_are_measured_beside_theirs(tmp_path: Path) -> None:
    if os.environ.get("PYTELEMETRY_TEST_DSN"):
        pytest.skip("needs a server of its own: PYTELEMETRY_TEST_DSN names one that is used instead")
    assert rotation.main(["--partitions=30", "--repeats=1", "--premake=3", "--rate=100", f"--output={tmp_path}"]) == 0
    result = json.loads((tmp_path / "rotation.json").read_text())
    assert [run["side"] for run in result["many"]] == ["ours", "theirs"]
    assert all(run["made"] and run["removed"] and run["seconds"] > 0 and run["locks"] > 0 for run in result["many"])
    assert {run["mode"]: run["made_and_removed"] for run in result["stalls"]} == {
        "none": [False, False],
        "ours": [True, True],
        "theirs": [True, True],
        "by hand": [True, True],
    }
    assert "| by hand |" in (tmp_path / "rotation.md").read_text()


def test_a_conversion_is_measured_beside_writers(cluster: Cluster, tmp_path: Path) -> None:
    small = ["--rows=20000", "--ahead=3000", "--rate=200", "--clients=2", "--seconds=1", "--repeats=1"]
    assert convert.main([f"--dsn={cluster.dsn()}", f"--output={tmp_path}", *small]) == 0
    (run,) = json.loads((tmp_path / "convert.json").read_text())["runs"]
    assert list(run) == ["alone", "convert", "undo"]
    assert all(part["transactions"] > 20 and part["longest"] >= part["p99"] > 0 for part in run.values())
    assert "| undo |" in (tmp_path / "convert.md").read_text()
    assert leftovers(cluster) == []


def test_what_writers_notice_is_measured(cluster: Cluster, tmp_path: Path) -> None:
    """Every way to remove rows, beside a load that is small here."""
    command = [sys.executable, "-m", "bench.load", "--dsn", cluster.dsn(), "--output", str(tmp_path)]
    small = ["--rows=20000", "--rate=800", "--clients=2", "--seconds=2", "--repeats=1"]
    done = subprocess.run([*command, *small], cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    runs = {run["mode"]: run for run in json.loads((tmp_path / "load.json").read_text())["runs"]}
    assert list(runs) == ["none", "single", "loop", "gentle", "normal", "full"]
    assert {mode: run["rows"] for mode, run in runs.items()} == {**dict.fromkeys(runs, 10000), "none": 0}
    assert all(run["transactions"] > 5 for run in runs.values())
    assert "| deadlocks |" in (tmp_path / "load.md").read_text()
    assert leftovers(cluster) == []
