"""What machines scrape: metrics."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, accepts, open_connection, resolve_source
from pytelemetry_db.errors import UsageError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("metrics")(accepts(metrics))


def metrics(
    common: Common,
    textfile: Annotated[
        Path | None,
        typer.Option("--textfile", metavar="FILE", help="Write FILE, whole or not at all, for node_exporter."),
    ] = None,
    serve: Annotated[
        str | None, typer.Option("--serve", metavar="ADDRESS", help="Answer Prometheus at HOST:PORT until stopped.")
    ] = None,
    interval: Annotated[
        str, typer.Option("--interval", metavar="DURATION", help="With --serve: read the database no more often.")
    ] = "15s",
    health_interval: Annotated[
        str,
        typer.Option("--health-interval", metavar="DURATION", help="With --serve: likewise, for health and forecast."),
    ] = "1min",
    sql_exporter: Annotated[
        bool, typer.Option("--sql-exporter", help="Print a collector file for sql_exporter; never connects.")
    ] = False,
) -> None:
    """Print the metrics for Prometheus, write them into a file, or serve them.

    --serve reads the database when somebody asks, however many ask at a time, and answers 503 with the reason when it
    cannot. It answers /metrics, /-/healthy (this process is well) and /-/ready (the database can be read), to
    everybody who can reach the address.

    Exit codes: 0 fine, also after --serve was stopped; 2 the database or the address cannot be had, or the disk is
    full; 3 not installed, not permitted; 64 wrong usage, or a file that cannot be written.
    """
    if sum((textfile is not None, serve is not None, sql_exporter)) > 1:
        raise UsageError("--textfile, --serve and --sql-exporter exclude each other", "one of them")
    if sql_exporter:
        from pytelemetry_db import dashboard

        output.script(dashboard.to_collector(common.schema))
        return
    if serve is not None:
        _serve(common, serve, interval, health_interval)
        return
    from pytelemetry_db import metrics as reading

    with open_connection(common, "metrics") as connection:
        series = reading.read(connection, common.schema)
    text, _ = reading.encode(series)
    if textfile is None:
        output.script(text.decode())
    else:
        from pytelemetry_db import files

        # Whoever reads it is not us.
        with files.replacing(str(textfile), 0o644) as write:
            write(text.decode())


def _serve(common: Common, address: str, interval: str, health_interval: str) -> None:
    from pytelemetry_db import durations, exporter
    from pytelemetry_db import metrics as reading

    host, port = exporter.parse_address(address)
    seconds = [
        durations.to_seconds(text, option)
        for text, option in ((interval, "--interval"), (health_interval, "--health-interval"))
    ]
    snapshots = reading.Snapshots(resolve_source(common), common.schema, seconds[0], seconds[1], output.timed)
    server = exporter.Exporter(host, port, snapshots)
    output.say(f"serving {server.url}")
    try:
        server.run_until(threading.Event())
    except KeyboardInterrupt:
        output.say("stopped")
