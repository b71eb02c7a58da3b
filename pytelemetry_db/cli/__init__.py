"""The command line: parse, call one function, print. No SQL, no logic, and nothing heavy is imported for ``--help``."""

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from pytelemetry_db import __version__
from pytelemetry_db.cli import (
    alert,
    cleanup,
    demo,
    doctor,
    forecast,
    health,
    hold,
    legacy,
    lifecycle,
    metrics,
    output,
    package,
    partition,
    plan,
    policy,
    report,
    schedule,
    sql,
    status,
    verify,
)
from pytelemetry_db.cli.options import Common, Json, accepts
from pytelemetry_db.errors import Interrupted, OperationFailed, PytelemetryError, UsageError

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="pytelemetry-db",
    help="Keep telemetry tables in PostgreSQL small: say what to keep, see what would go, remove it in batches.",
    epilog="Exit codes: 0 fine, 1 warning, 2 failed, 3 unknown (not installed, not permitted, no policy), "
    "64 wrong usage, 130 and 143 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        output.line(f"pytelemetry_db {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
@accepts
def _root(
    context: typer.Context,
    common: Common,
    json: Json = False,
    version: Annotated[  # noqa: ARG001 (its callback prints and exits)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = common
    if context.invoked_subcommand is None:
        status.show_status(common, json=json)
    elif json:
        raise UsageError("--json stands before the command", f"pytelemetry-db {context.invoked_subcommand} --json")


lifecycle.register(app)
verify.register(app)
sql.register(app)
package.register(app)
status.register(app)
policy.register(app)
plan.register(app)
hold.register(app)
cleanup.register(app)
partition.register(app)
schedule.register(app)
report.register(app)
health.register(app)
forecast.register(app)
metrics.register(app)
alert.register(app)
doctor.register(app)
demo.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; whatever goes wrong is one clear line on stderr."""
    try:
        code = typer.main.get_command(app).main(
            legacy.rewrite(arguments), prog_name="pytelemetry-db", standalone_mode=False
        )
    except PytelemetryError as error:
        output.fail(error)
        return error.exit_code
    except TyperException as error:
        message = error.format_message()
        if message.startswith("Usage:"):
            # A group without a command: its help is the answer.
            output.say(message)
        else:
            output.fail(UsageError(message, next_step=_help_for(error)))
        return UsageError.default_exit_code
    except typer.Abort:
        return Interrupted.default_exit_code
    except OSError as error:
        output.fail(OperationFailed(f"{error.filename or 'system'}: {error.strerror or error}"))
        return OperationFailed.default_exit_code
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        # The database driver cancels its statement on this exception, and on this one only.
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # It came while another one was being dealt with, or where nobody looked for it.
        code = Interrupted.default_exit_code
    # When it came while text was executed, and a dataclass is made so, Python would end by SIGINT whatever we return,
    # until text has been executed without one.
    exec("")
    if code == Interrupted.default_exit_code:
        output.fail("interrupted")
        code = 143 if received else code
    sys.exit(code)


def _help_for(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'pytelemetry-db'} --help"
