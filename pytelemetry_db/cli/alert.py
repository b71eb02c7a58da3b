"""Who gets told: alert rules, dashboard, send, test."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, Talk, accepts, open_connection
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytelemetry_db import alerts, channels

__all__ = ["register"]

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The channels, as TOML. [env: TELEMETRY_ALERT_CONFIG]"),
]


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    alert = typer.Typer(
        help="Tell people what is wrong, and what is not any more; write rules for Prometheus.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    alert.command("send")(accepts(send))
    alert.command("test")(accepts(try_out))
    alert.command("rules")(accepts(rules))
    alert.command("dashboard")(accepts(dashboard))
    app.add_typer(alert, name="alert")


def send(common: Common, config: Config = None, json: Json = False) -> None:
    """Send what changed since the last time through every channel.

    That is: passes that failed or are late, suspended policies, critical findings, and once more when it is over. For
    any scheduler, every minute or five. Acknowledged findings are not sent. What a channel does not take is sent by a
    later call: after a minute, two, four, up to an hour. Two calls at a time never send the same.

    Exit codes: 0 fine, also with nothing to send; 2 a channel or the database fails; 3 not installed, not permitted;
    64 a wrong file.
    """
    from pytelemetry_db import alerts

    chosen = _channels(config)
    with open_connection(common, "alert") as connection:
        told = alerts.send(connection, common.schema, chosen, os.environ)
    _finish(told, json)


def try_out(talk: Talk, config: Config = None, json: Json = False) -> None:  # noqa: ARG001 (accepts reads it)
    """Send a message that says it is a test through every channel; never connects to a database.

    Exit codes: 0 every channel took it; 2 one did not; 64 a wrong file.
    """
    from pytelemetry_db import alerts

    _finish(alerts.try_out(_channels(config), os.environ), json)


def rules(
    talk: Talk,  # noqa: ARG001 (accepts reads it)
    tests: Annotated[bool, typer.Option("--tests", help="Print the unit tests for promtool instead.")] = False,
    rules_file: Annotated[
        str, typer.Option("--rules-file", metavar="FILE", help="With --tests: how the rules are called there.")
    ] = "pytelemetry_db.rules.yml",
    runbooks: Annotated[
        str, typer.Option("--runbooks", metavar="URL", help="Where your people find docs/runbooks.")
    ] = "docs/runbooks",
) -> None:
    """Print alert rules for Prometheus; never connects."""
    from pytelemetry_db import promtool

    output.script(promtool.to_tests(rules_file) if tests else promtool.to_rules(runbooks))


def dashboard(talk: Talk) -> None:  # noqa: ARG001 (accepts reads it)
    """Print a dashboard for Grafana as JSON; never connects."""
    from pytelemetry_db import dashboard as made

    output.script(made.to_dashboard())


def _channels(config: Path | None) -> "Sequence[channels.Channel]":
    from pytelemetry_db import channels

    named = config or os.environ.get("TELEMETRY_ALERT_CONFIG")
    if not named:
        raise UsageError("no channels", "--config FILE or TELEMETRY_ALERT_CONFIG; the file is in docs/alerting.md")
    return channels.load(Path(named))


def _finish(told: "Sequence[alerts.Told]", json: bool) -> None:
    if json:
        output.json_dump({"told": [{"channel": t.channel, **_facts(t)} for t in told]})
    for one in told:
        if not one.sent:
            output.fail(f"channel {one.channel}: {one.problem}")
            continue
        output.say(f"channel {one.channel}: told of {one.events} event{'s' if one.events != 1 else ''}")
        if one.problem:
            output.warn(f"channel {one.channel}: {one.problem}")
    if not told:
        output.say("nothing to tell")
    if not all(one.sent for one in told):
        raise typer.Exit(2)


def _facts(told: "alerts.Told") -> dict[str, object]:
    return {"events": told.events, "sent": told.sent, "problem": told.problem}
