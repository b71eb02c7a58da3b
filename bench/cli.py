"""The command line: ``make bench``, or ``python -m bench``."""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.cases import CASES, Case
from bench.measure import measure
from bench.report import write
from bench.stage import Stage, WrongRowsError
from bench.throwaway import throwaway
from pytelemetry_db import __version__
from tools.local_server import ServerFailedError

__all__ = ["main"]

EXIT_FAILED, EXIT_WRONG_ROWS, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 64, 130

_EPILOG = """exit codes: 0 all runs were correct, however fast; 1 it could not be run; 2 a run removed or left a row
that it should not have; 64 wrong usage; 130 interrupted"""


class _Parser(argparse.ArgumentParser):
    """Wrong usage has the project's exit code: 2 means something else here."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message} (--help says what is expected)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    options = _parser().parse_args(arguments)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with _server(options) as dsn, Stage(dsn) as stage:
            _benchmark(stage, options, local=_is_local(dsn))
    except WrongRowsError as error:
        return _fail(EXIT_WRONG_ROWS, f"WRONG ROWS: {error}")
    except (ServerFailedError, PermissionError, psycopg.Error, OSError) as error:
        return _fail(EXIT_FAILED, str(error).strip())
    except KeyboardInterrupt:
        return _fail(EXIT_INTERRUPTED, "interrupted; what was made for it is gone")
    finally:
        signal.signal(signal.SIGTERM, before)
    print(options.output / "results.md")
    return 0


def _leave(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _fail(code: int, message: str) -> int:
    print(f"bench: {message}", file=sys.stderr)
    return code


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _server(options: argparse.Namespace) -> Iterator[str]:
    if options.dsn is not None:
        yield options.dsn
        return
    _say("starting a PostgreSQL to throw away")
    with throwaway(options.rows, tuple(options.setting)) as dsn:
        yield dsn


def _benchmark(stage: Stage, options: argparse.Namespace, *, local: bool) -> None:
    result = {
        "began": datetime.now(UTC).isoformat(),
        "options": {
            "rows": options.rows,
            "repeats": options.repeats,
            "cases": [case.name for case in options.cases],
            "cap": options.cap,
        },
        "versions": {
            "pytelemetry_db": __version__,
            "python": platform.python_version(),
            "psycopg": psycopg.__version__,
        },
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
            "local": local,
        },
        "server": stage.settings,
    }
    runs: dict[str, list[dict[str, Any]]] = {}
    for case in options.cases:
        runs[case.name] = []
        try:
            for run in measure(stage, case, options.rows, options.repeats, options.cap, _say):
                runs[case.name].append(run)
        finally:
            write(result, {name: done for name, done in runs.items() if done}, options.output)


def _is_local(dsn: str) -> bool:
    host = str(conninfo_to_dict(dsn).get("host") or os.environ.get("PGHOST") or "/")
    return host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(case.name for case in CASES)
    parser = _Parser(prog="bench", description="Passes beside other ways to delete expired rows.", epilog=_EPILOG)
    parser.add_argument("--dsn", type=_dsn, help="a superuser's; without it a server to throw away is started")
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the server to throw away, such as random_page_cost=1.1; can be repeated",
    )
    parser.add_argument(
        "--rows", type=_rows, default=10_000_000, metavar="N", help="rows of a table, 5000 or more (default: 10000000)"
    )
    parser.add_argument(
        "--repeats", type=_repeats, default=7, metavar="N", help="runs of each peer, 1 to 99 (default: 7)"
    )
    parser.add_argument(
        "--cases", type=_cases, default=CASES, metavar="NAMES", help=f"separated by commas or spaces: {names}"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("bench/results"),
        metavar="FOLDER",
        help="where results.json and results.md go (default: bench/results)",
    )
    parser.add_argument(
        "--cap", type=_cap, default=120.0, metavar="SECONDS", help="a peer is stopped after so long (default: 120)"
    )
    return parser


def _dsn(text: str) -> str:
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        # What libpq says may repeat a password.
        raise argparse.ArgumentTypeError("this is no connection string") from None
    return text


def _number(text: str, least: float, most: float, kind: type[int] | type[float] = int) -> float:
    try:
        value = kind(text.replace("_", ""))
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:g} to {most:g}")
    return value


def _rows(text: str) -> int:
    return int(_number(text, 5000, 10**9))


def _repeats(text: str) -> int:
    return int(_number(text, 1, 99))


def _cap(text: str) -> float:
    return _number(text, 1, 86400, float)


def _cases(text: str) -> tuple[Case, ...]:
    wanted = text.replace(",", " ").split()
    known = {case.name: case for case in CASES}
    if unknown := [name for name in wanted if name not in known]:
        raise argparse.ArgumentTypeError(f"there is no case {unknown[0]!r}; there are {', '.join(known)}")
    if not wanted:
        raise argparse.ArgumentTypeError("no case is named")
    return tuple(case for case in CASES if case.name in wanted)
