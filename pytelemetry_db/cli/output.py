"""Everything we print: data on stdout, talk on stderr, and both into the log file if there is one."""

import atexit
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TextIO

from pytelemetry_db.errors import PytelemetryError, UsageError
from pytelemetry_db.visible import escaped, visible

__all__ = [
    "SCHEMA_VERSION",
    "Level",
    "clear",
    "configure",
    "detail",
    "fail",
    "in_schema",
    "is_fancy",
    "is_quiet",
    "json_dump",
    "line",
    "mark",
    "next_step",
    "note",
    "only_logged",
    "say",
    "script",
    "size",
    "table",
    "timed",
    "to_json",
    "warn",
]

SCHEMA_VERSION = 1

Level = Literal["ok", "warning", "critical", "unknown"]
_MARKS: Mapping[Level, tuple[str, str]] = {
    "ok": ("✓", "ok"),
    "warning": ("⚠", "WARNING"),
    "critical": ("✗", "FAILED"),
    "unknown": ("?", "UNKNOWN"),
}


class _Talk:
    """How much to say and where else to write it, for this process."""

    quiet = False
    # For the log file only.
    silent = False
    verbose = False
    schema: str | None = None
    log: TextIO | None = None
    # stdout or stderr, when they go into the log file anyway: a line must not be there twice.
    logged: tuple[TextIO, ...] = ()


_talk = _Talk()


def configure(
    *, quiet: bool = False, verbose: bool = False, log_file: str | None = None, schema: str | None = None
) -> None:
    """Set how much is said. ``log_file`` gets every line with its time, whatever ``quiet`` says.

    ``schema`` is ours when it is not the usual one: it belongs into every command to type next.

    A file named by the option must be writable; one named only by ``LOG_FILE`` is a warning, so that a full or missing
    log directory does not stop the maintenance.

    :raises UsageError: when the option's file cannot be opened
    """
    _talk.quiet, _talk.verbose, _talk.schema = quiet, verbose, schema
    name = log_file or os.environ.get("LOG_FILE")
    if not name or _talk.log is not None:
        return
    try:
        _talk.log = open(name, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 (open until the process ends)
    except OSError as error:
        if log_file:
            raise UsageError(f"cannot write the log file {name}: {error.strerror}") from None
        warn(f"cannot write LOG_FILE {name}: {error.strerror}")
    else:
        atexit.register(_talk.log.close)
        _talk.logged = tuple(stream for stream in (sys.stdout, sys.stderr) if _is_same_file(stream, _talk.log))


def clear() -> None:
    """Begin anew at the top of the terminal."""
    sys.stdout.write("\x1b[H\x1b[2J")


def is_quiet() -> bool:
    """Say whether only warnings and errors are wanted."""
    return _talk.quiet


@contextmanager
def only_logged(wanted: bool) -> Iterator[None]:
    """Write what the block prints into the log file alone, if ``wanted``."""
    _talk.silent = wanted
    try:
        yield
    finally:
        _talk.silent = False


def is_fancy() -> bool:
    """Say whether marks and bars are welcome: stdout is a UTF-8 terminal and ``NO_COLOR`` is not set."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return sys.stdout.isatty() and encoding == "utf8" and not os.environ.get("NO_COLOR")


def mark(level: Level) -> str:
    """Return ✓ ⚠ ✗ ? or a word for it."""
    fancy, plain = _MARKS[level]
    return fancy if is_fancy() else plain


def line(text: str = "") -> None:
    """Print a line of data on stdout, at once: talk and data stay in order when both go into one file."""
    _print(text, sys.stdout)
    _write_log(text)


def script(text: str) -> None:
    """Print a script on stdout exactly as it is: it may go straight into psql."""
    sys.stdout.write(text)


def say(text: str) -> None:
    """Tell something on stderr, unless ``--quiet``."""
    if not _talk.quiet:
        _print(text, sys.stderr)
    _write_log(text)


def timed(text: str) -> None:
    """Tell something with its time, unless ``--quiet``."""
    if not _talk.quiet:
        _print(f"{_now()} {text}", sys.stderr)
    _write_log(text)


def note(text: str) -> None:
    """Tell something by the way."""
    say(f"note: {text}")


def detail(text: str) -> None:
    """Tell something only with ``--verbose``."""
    if _talk.verbose:
        say(text)


def warn(text: str) -> None:
    """Tell something that should not be overlooked, also with ``--quiet``."""
    _print(f"warning: {text}", sys.stderr)
    _write_log(f"warning: {text}")


def fail(error: PytelemetryError | str) -> None:
    """Say what went wrong: one line, and one with what to do."""
    _print(f"error: {error}", sys.stderr)
    _write_log(f"error: {error}")


def next_step(command: str) -> None:
    """Say what to type next, in the schema that was asked for."""
    say(f"next: {in_schema(command)}")


def in_schema(command: str) -> str:
    """Return a command to type with the schema that was asked for."""
    elsewhere = _talk.schema and command.startswith("pytelemetry-db ") and "--schema" not in command
    return f"{command} --schema {_talk.schema}" if elsewhere else command


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows on stdout in columns; numbers to the right. Nothing at all when there are no rows."""
    body = [[_cell(value) for value in row] for row in rows]
    if not body:
        return
    widths = [max(len(column), *(len(row[index]) for row in body)) for index, column in enumerate(columns)]
    right = [all(_is_number(row[index]) for row in body) for index in range(len(columns))]
    for row in [list(columns), *body]:
        cells = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        line("  ".join(cells).rstrip())


def size(count: int) -> str:
    """Write a number of bytes for people, with one digit after the point below ten."""
    number, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if number < 1024 or unit == "PB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if number >= 10 or number == int(number) else f"{number:.1f} {unit}"


def json_dump(facts: Mapping[str, object]) -> None:
    """Print ``facts`` as one JSON object on stdout, with ``schema_version``."""
    print(to_json(facts))


def to_json(facts: Mapping[str, object]) -> str:
    """Write ``facts`` as one JSON object, with ``schema_version``."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **facts}, default=_json, ensure_ascii=False, indent=2)
    # Escapes are the same value to a program, and nothing to a terminal.
    return escaped(text)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return " ".join(str(value).split())


def _is_number(cell: str) -> bool:
    return not cell or cell.lstrip("-").replace(",", "").replace(".", "", 1).isdecimal()


def _json(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _print(text: str, stream: TextIO) -> None:
    if stream not in _talk.logged and not _talk.silent:
        print(visible(text), file=stream, flush=True)


def _is_same_file(one: TextIO, other: TextIO) -> bool:
    # A stream that is closed, or none of the system's, is not the log file.
    with suppress(OSError, ValueError):
        return os.path.sameopenfile(one.fileno(), other.fileno())
    return False


def _write_log(text: str) -> None:
    if _talk.log is not None:
        _talk.log.writelines(f"{_now()} {visible(part)}\n" for part in text.splitlines() or [""])
