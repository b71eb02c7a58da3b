"""Options that commands share. A command takes a whole group as one argument::

    @app.command()
    @accepts
    def plan(tables: Tables, common: Common, json: Json = False) -> None: ...

``accepts`` puts the group's options into the command's, applies ``--quiet``, ``--verbose`` and ``--log-file``,
and fills in what was said before the command's name (``pytelemetry-db --dsn … plan``).
"""

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.errors import NotInstalled, UsageError
from pytelemetry_db.names import DEFAULT_SCHEMA, validate_schema

if TYPE_CHECKING:
    from pytelemetry_db import db
    from pytelemetry_db.connection import Source

__all__ = [
    "Common",
    "DryRun",
    "Json",
    "Offline",
    "Talk",
    "Yes",
    "accepts",
    "confirm_or_stop",
    "open_connection",
    "resolve_source",
]

Json = Annotated[bool, typer.Option("--json", help="Print facts as one JSON object.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def _schema(value: str | None) -> str | None:
    return None if value is None else validate_schema(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How much to say: every command has these."""

    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but warnings and errors.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more, such as the DELETE of a plan.")] = False
    log_file: Annotated[
        str | None, typer.Option("--log-file", metavar="FILE", help="Append all lines with their time. [env: LOG_FILE]")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline(Talk):
    """Which schema is ours: commands that only print SQL have these, and never connect."""

    schema_option: Annotated[
        str | None,
        typer.Option("--schema", metavar="SCHEMA", callback=_schema, help=f"Our schema. [default: {DEFAULT_SCHEMA}]"),
    ] = None

    @property
    def schema(self) -> str:
        """The schema that holds our objects."""
        return self.schema_option or DEFAULT_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Common(Offline):
    """Which schema is ours and how to connect: every command that talks to a database has these."""

    dsn: Annotated[
        str | None,
        typer.Option("--dsn", metavar="DSN", help="postgresql://user@host:port/database or key=value pairs."),
    ] = field(default=None, repr=False)
    db_host: Annotated[
        str | None,
        typer.Option("--db-host", metavar="HOST", help="Server or socket. [env: DB_HOST; default: localhost]"),
    ] = None
    db_port: Annotated[
        int | None, typer.Option("--db-port", metavar="PORT", help="Port. [env: DB_PORT; default: 5432]")
    ] = None
    db_name: Annotated[
        str | None, typer.Option("--db-name", metavar="NAME", help="Database. [env: DB_NAME; default: telemetry]")
    ] = None
    db_user: Annotated[
        str | None, typer.Option("--db-user", metavar="USER", help="Role. [env: DB_USER; default: telemetry]")
    ] = None
    db_password: Annotated[
        str | None,
        typer.Option("--db-password", metavar="WORD", help="Visible in ps: better -W or ~/.pgpass. [env: DB_PASSWORD]"),
    ] = field(default=None, repr=False)
    ask_password: Annotated[bool, typer.Option("--ask-password", "-W", help="Ask for the password.")] = False


def accepts(command: Callable[..., None]) -> Callable[..., None]:
    """Spread the option groups among a command's parameters into single options."""
    signature = inspect.signature(command, eval_str=True)
    groups = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation)
    }

    @functools.wraps(command)
    def run(_context: typer.Context, **values: Any) -> None:
        arguments = {name: value for name, value in values.items() if name in signature.parameters}
        for name, group in groups.items():
            said = group(**{item.name: values[item.name] for item in fields(group)})
            arguments[name] = said = _inherit(said, _context.find_root().obj)
            if isinstance(said, Talk):
                schema = said.schema_option if isinstance(said, Offline) else None
                output.configure(quiet=said.quiet, verbose=said.verbose, log_file=said.log_file, schema=schema)
        if "context" in signature.parameters:
            arguments["context"] = _context
        command(**arguments)

    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in signature.parameters.items()
        if name not in groups and name != "context"
    ]
    shared = [parameter for group in groups.values() for parameter in _parameters(group)]
    context = inspect.Parameter("_context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    run.__signature__ = inspect.Signature([context, *own, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {item.name: item.annotation for item in (context, *own, *shared)}
    return run


def resolve_source(common: Common) -> "Source":
    """Choose the connection source, ask for the password if ``-W``, and say what the user should know of it."""
    from pytelemetry_db import connection, db

    password = None
    if common.ask_password:
        import getpass

        password = getpass.getpass("Password: ")
    if common.db_password:
        output.warn("--db-password can be read by everybody in ps: use -W, DB_PASSWORD or ~/.pgpass")
    options = connection.Options(
        dsn=common.dsn,
        db_host=common.db_host,
        db_port=common.db_port,
        db_name=common.db_name,
        db_user=common.db_user,
        db_password=common.db_password,
        asked_password=password,
    )
    source = connection.resolve(options, os.environ, db.parse_dsn)
    for text in source.notes:
        output.note(text)
    return source


@contextmanager
def open_connection(common: Common, purpose: str, *, source: "Source | None" = None) -> Iterator["db.Connection"]:
    """Connect as the options and the environment say, and close afterwards.

    :param source: an already resolved source, so that a second connection neither asks nor notes again
    """
    from pytelemetry_db import db, state

    with db.connect(source or resolve_source(common), purpose=purpose) as connection:
        try:
            yield connection
        except NotInstalled as error:
            # The server only says what it did not find; a look at what is there says why.
            found = None if error.sqlstate is None else state.read_state(connection, common.schema)
            raise error if found is None or found.has_code else state.not_installed(found) from error


def confirm_or_stop(question: str, *, yes: bool) -> None:
    """Ask on the terminal; without one, ``--yes`` must have been given.

    :raises UsageError: when there is nobody to ask, or the answer is no
    """
    import sys

    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody to ask", "a terminal, or --yes", "the same command with --yes")
    if not typer.confirm(question, err=True):
        raise UsageError("stopped: nothing was changed")


@functools.cache
def _parameters(group: type[Any]) -> tuple[inspect.Parameter, ...]:
    hints = get_type_hints(group, include_extras=True)
    return tuple(
        inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=hints[item.name])
        for item in fields(group)
    )


def _inherit(said: Any, before: object) -> Any:
    """Take from the options before the command's name what was not said after it."""
    if not isinstance(before, Talk):
        return said
    return replace(
        said,
        **{
            item.name: getattr(before, item.name)
            for item in fields(said)
            if getattr(said, item.name) == item.default and hasattr(before, item.name)
        },
    )
