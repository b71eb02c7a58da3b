"""A real Prometheus scrapes, a real Alertmanager fires when a pass fails, and hears when it is over."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from support import Cli, Database
from support.passes import Table, until
from support.receivers import PASSWORD, USER, free_port, hook, mailbox

from pytelemetry_db import dashboard


@contextmanager
def running(*command: object) -> Iterator[None]:
    with subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def asked(url: str, **query: str) -> Any:
    """What an API answers, or None while nobody listens."""
    try:
        with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


def refuse(table: Table) -> None:
    with table.database.connect() as connection:
        connection.execute(
            "create function app.refuse() returns trigger language plpgsql set search_path = ''"
            " as $$ begin raise exception 'no'; end $$"
        )
        connection.execute(
            f"create trigger refuse before delete on {table.name} execute function app.refuse()".encode()
        )


def test_a_failed_pass_reaches_alertmanager_a_mailbox_and_a_webhook_and_so_does_its_end(
    database: Database, cli: Cli, tmp_path: Path
) -> None:
    table = Table.make(database, expired=100, slow=0)
    with database.connect() as connection:
        connection.execute("call maint.cleanup()")
        connection.execute("call maint.sample()")
    table.inflow(10)
    rules = cli.here("alert", "rules", "--runbooks", "https://example.org/runbooks").stdout
    (tmp_path / "rules.yml").write_text(re.sub(r"for: \d+m", "for: 0s", rules))
    exporter, prometheus, alertmanager = free_port(), free_port(), free_port()
    (tmp_path / "prometheus.yml").write_text(
        f"""
        global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 300ms}}
        rule_files: [{tmp_path}/rules.yml]
        scrape_configs: [{{job_name: telemetry, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}]
        alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
        """
    )
    with ExitStack() as stack:
        box = stack.enter_context(mailbox(tmp_path))
        web, theirs = stack.enter_context(hook()), stack.enter_context(hook())
        (tmp_path / "alertmanager.yml").write_text(
            f"""
            route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
            receivers: [{{name: hook, webhook_configs: [{{url: "{theirs.url()}", send_resolved: true}}]}}]
            """
        )
        arguments = ("metrics", "--serve", f"127.0.0.1:{exporter}", "--interval", "1s", "--health-interval", "1h")
        serving = stack.enter_context(cli.start(*arguments, "--dsn", database.dsn))
        stack.callback(serving.terminate)
        stack.enter_context(
            running(
                *("prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml"),
                *(f"--storage.path={tmp_path}/alertmanager", f"--web.listen-address=127.0.0.1:{alertmanager}"),
                "--cluster.listen-address=",
            )
        )
        stack.enter_context(
            running(
                *("prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"),
                f"--web.listen-address=127.0.0.1:{prometheus}",
            )
        )
        api = f"http://127.0.0.1:{prometheus}/api/v1"

        def result(expression: str) -> list[Any]:
            answer = asked(f"{api}/query", query=expression)
            return [] if answer is None else answer["data"]["result"]

        def alerts(status: str, alert: str = "TelemetryCleanupFailed") -> list[dict[str, Any]]:
            told = [one for body in theirs.posted for one in body["alerts"]]
            return [one for one in told if (one["status"], one["labels"]["alertname"]) == (status, alert)]

        until(lambda: result("telemetry_cleanup_last_run_success == 1"), 60)
        # Every panel is one that Prometheus understands, and most have something to show.
        shown = 0
        for panel in json.loads(dashboard.to_dashboard())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "1m")
                expression = re.sub(r"\$(instance|schema|table)", ".*", expression)
                answer = asked(f"{api}/query", query=expression)
                assert answer is not None, expression
                assert answer["status"] == "success", expression
                shown += bool(answer["data"]["result"])
        assert shown >= 18
        for group in asked(f"{api}/rules")["data"]["groups"]:
            assert [rule for rule in group["rules"] if rule["health"] == "err"] == []
        assert alerts("firing") == []

        channels = tmp_path / "alerts.toml"
        channels.write_text(
            f"""
            [channel.mail]
            type = "smtp"
            host = "127.0.0.1"
            port = {box.port}
            ca_file = "{box.ca_file}"
            user = "{USER}"
            password_env = "SMTP_PASSWORD"
            from = "telemetry@example.org"
            to = ["dba@example.org"]
            [channel.hook]
            type = "webhook"
            url = "{web.url()}"
            """
        )
        send = ("alert", "send", "--config", channels, "--dsn", database.dsn)
        env = {"SMTP_PASSWORD": PASSWORD}
        refuse(table)
        assert cli.here("cleanup", "--dsn", database.dsn).returncode == 2
        assert cli.here(*send, env=env).returncode == 0
        (fired,) = until(lambda: alerts("firing"), 60)[:1]
        assert fired["labels"] | {"schema": "app", "table": "events", "severity": "critical"} == fired["labels"]
        assert fired["annotations"]["runbook_url"] == "https://example.org/runbooks/cleanup-failed.md"
        assert "cleanup of app.events failed" in box.mails[0]["Subject"]
        assert [event["event"] for event in web.posted[0]["events"]] == ["began"]

        database.query(f"drop trigger refuse on {table.name}")
        assert cli.here("cleanup", "--dsn", database.dsn).returncode == 0
        assert cli.here(*send, env=env).returncode == 0
        until(lambda: alerts("resolved"), 60)
        assert "over: cleanup of app.events failed" in box.mails[1]["Subject"]
        assert [event["event"] for event in web.posted[1]["events"]] == ["over"]
