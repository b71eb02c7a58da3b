"""`pytelemetry-db report` in every format: what it says, what it costs, and what hostile names can do (nothing)."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sql.test_samples import make, sample
from support import Cli, Database, Result
from support.command import ROOT
from support.jobs import CronJobs, add_table, apply
from support.policies import set_policy
from support.releases import released
from support.reports import HOSTILE, fill

from pytelemetry_db.visible import visible

FORMATS = ("text", "json", "markdown", "html", "csv")
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())
# What a page without anything active is made of.
ELEMENTS = {
    *("html", "head", "meta", "link", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2"),
    *("h3", "p", "b", "code", "span", "div", "ul", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "figure", "figcaption", "svg", "desc", "path", "text"),
}
VOID = {"meta", "link"}


def check(facts: Any) -> Any:
    """The facts, when they have the published form."""
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    assert [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(facts)] == []
    return facts


def report(cli: Cli, database: Database, *arguments: object, env: dict[str, str] | None = None) -> Result:
    result = cli.here("report", *arguments, "--dsn", database.dsn, env=env)
    assert result.returncode == 0, result
    return result


class Page(HTMLParser):
    """Reads a page as a browser does, and minds what it must not have."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def assert_harmless(page: Page, text: str) -> None:
    """Nothing runs, nothing is fetched, and everything has a name."""
    assert page.open == []
    assert {name for name, _ in page.elements} <= ELEMENTS
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "action", "srcdoc")}
    (policy,) = [meta for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert "http://" not in text
    assert "https://" not in text
    assert not re.search(r"url\(|@import|expression\(", text)
    assert visible(text) == text
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [attributes["aria-labelledby"] for _, attributes in page.elements if "aria-labelledby" in attributes]
    assert {name for value in named if value for name in value.split()} <= set(ids)
    charts = [chart for chart in page.all("svg") if chart.get("role") == "img"]
    assert charts
    assert len(page.all("title")) == 1 + len(charts)


def test_a_hostile_name_does_no_harm_in_any_format(database: Database, cli: Cli) -> None:
    fill(database, policies=3, days=3, passes_per_day=6)
    shown = {name: report(cli, database, "--format", name, "--since", "3d").stdout for name in FORMATS}
    for name, text in shown.items():
        # Windows ends the lines of CSV.
        assert visible(text.replace("\r\n", "\n")) == text.replace("\r\n", "\n"), name
        assert "\x1b" not in text
    page = Page(shown["html"])
    assert_harmless(page, shown["html"])
    assert f"app.{HOSTILE}" in page.texts
    assert any("<script>alert(2)</script>" in text for text in page.texts)
    facts = check(json.loads(shown["json"]))
    assert HOSTILE in {table["table_name"] for table in facts["tables"]}
    assert any("\x1b[31m" in (run["detail"] or "") for run in facts["runs"])
    assert "<img" not in shown["markdown"]
    assert "<script" not in shown["markdown"]
    rows = list(csv.DictReader(io.StringIO(shown["csv"], newline="")))
    assert len(rows) == len(facts["runs"]) == 54
    failed = [row for row in rows if row["stop_reason"] == "failed"]
    assert failed
    assert {row["detail"][:6] for row in failed} == {"'=cmd|"}
    assert f"app.{HOSTILE}" in shown["text"]


def test_text_fits_where_it_is_shown(database: Database, cli: Cli) -> None:
    fill(database, policies=3, days=2, passes_per_day=6)
    lines = {}
    for width in (60, 80, 140):
        text = report(cli, database, "--since", "2d", env={"COLUMNS": str(width)}).stdout
        lines[width] = text.splitlines()
        assert max(map(len, lines[width])) <= width
    assert report(cli, database, "--since", "2d").stdout.splitlines()[3:10] == lines[80][3:10]
    (narrow,) = [line for line in lines[60] if line.startswith("table") and "verdict" in line]
    (wide,) = [line for line in lines[140] if line.startswith("table") and "verdict" in line]
    assert set(narrow.split()) < set(wide.split())
    # In a pipe of a process of its own.
    piped = cli("report", "--since", "2d", "--dsn", database.dsn)
    assert piped.returncode == 0
    assert "\x1b" not in piped.stdout + piped.stderr
    assert max(map(len, piped.stdout.splitlines())) <= 80


def test_what_direct_sql_did_is_in_it_and_the_time_before(database: Database, cli: Cli) -> None:
    make(database, expired=300, fresh=700)
    database.query("call maint.cleanup(p_quiet => true)")
    database.query("update maint._run set started_at = started_at - interval '10 days'")
    database.query(
        "insert into events select 5000 + i, now() - interval '9 days' - make_interval(secs => i)"
        " from generate_series(1, 40) as i"
    )
    sample(database)
    database.query("call maint.cleanup(p_quiet => true)")
    sample(database)
    facts = check(report(cli, database, "--json").json)
    (table,) = facts["tables"]
    assert (table["passes"], table["rows"], table["stop_reasons"]) == (1, 40, {"done": 1})
    assert (table["before"]["passes"], table["before"]["rows"], table["before"]["failures"]) == (1, 300, 0)
    assert (table["policy"]["keep"], table["policy"]["limit_seconds"]) == ("7 days", 8 * 86400)
    assert table["policy"]["verdict"] == "ok"
    assert len(table["samples"]) in (1, 2)
    assert table["samples"][-1]["expired_rows"] == 0
    assert table["growth"]["growth_per_day"] is None
    assert [run["rows"] for run in facts["runs"]] == [40]
    assert facts["missing"] == []
    assert {"policy", "confirmation"} <= {change["object"] for change in facts["changes"]}
    assert {finding["check_id"] for finding in facts["findings"]} > {"passes", "retention", "jobs"}
    shown = report(cli, database).stdout
    assert "rows removed  40 (before: 300)" in shown
    assert re.search(r"^public\.events +1 +1 +40 +300 ", shown, re.MULTILINE)
    assert "made policy" in shown
    assert "keep 7 days; time_column at" in shown


def test_failures_are_told_by_sqlstate(database: Database, cli: Cli) -> None:
    make(database)
    with database.connect() as connection:
        connection.execute(
            "create function stop() returns trigger language plpgsql set search_path = '' as"
            " $$ begin raise exception 'not today' using errcode = 'P0T01'; end $$"
        )
        connection.execute("create trigger stop before delete on events execute function stop()")
    for _ in range(2):
        assert cli.here("cleanup", "--dsn", database.dsn).returncode == 2
    (table,) = check(report(cli, database, "--json").json)["tables"]
    (failure,) = table["failures"]
    assert (failure["stop_reason"], failure["sqlstate"], failure["passes"]) == ("failed", "P0T01", 2)
    assert "not today" in failure["message"]
    shown = report(cli, database, "-q")
    assert re.search(r"^failed +2 \(before: 0\)  \(critical\)$", shown.stdout, re.MULTILINE)
    assert re.search(r"^public\.events +failed +P0T01 +2 .*\n    not today", shown.stdout, re.MULTILINE)
    page = report(cli, database, "--format", "html").stdout
    assert "Look at this first" in page
    assert "failing with P0T01" in page


def test_only_the_tables_that_were_named(database: Database, cli: Cli) -> None:
    make(database, "events")
    make(database, "other")
    database.query('create schema "Odd"; create table "Odd"."T b" (at timestamptz); create index on "Odd"."T b" (at)')
    with database.connect() as connection:
        set_policy(connection, '"Odd"."T b"', "7 days")
    database.query("call maint.cleanup(p_quiet => true)")
    for names, found in (
        (["events"], {"events"}),
        (["public.other", "events"], {"events", "other"}),
        (['"Odd"."T b"'], {"T b"}),
        (["T b"], {"T b"}),
    ):
        options = [part for name in names for part in ("--table", name)]
        facts = check(report(cli, database, "--json", *options).json)
        assert {table["table_name"] for table in facts["tables"]} == found
        assert {run["table_name"] for run in facts["runs"]} == found
        assert {change["table_name"] for change in facts["changes"]} - {None} == {
            {"events": "public.events", "other": "public.other", "T b": '"Odd"."T b"'}[name] for name in found
        }
        assert facts["growth"] is None
    # The history of a table that is gone stays.
    database.query("drop table other; select maint.drop_policy('public.other')")
    (gone,) = check(report(cli, database, "--json", "--table", "other").json)["tables"]
    assert (gone["policy"], gone["rows"]) == (None, 300)
    result = cli.here("report", "--table", "nonesuch", "--dsn", database.dsn)
    assert (result.returncode, result.stdout) == (3, "")
    assert "nonesuch has no policy, and had no pass in the last 7d" in result.stderr


def test_a_file_comes_whole_or_not_at_all(
    database: Database, empty_database: Database, cli: Cli, tmp_path: Path
) -> None:
    make(database)
    path = tmp_path / "report.html"
    path.write_text("old")
    path.chmod(0o640)
    for name in ("no/such/report.html", "."):
        result = cli.here("report", "--output", tmp_path / name, "--dsn", database.dsn)
        assert (result.returncode, result.stdout) == (64, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"error: cannot write {tmp_path / name}: ")
    # The old one stays when there is nothing to report.
    result = cli.here("report", "--format", "html", "--output", path, "--dsn", empty_database.dsn)
    assert (result.returncode, path.read_text()) == (3, "old")
    result = cli.here("report", "--output", "/dev/full", "--dsn", database.dsn)
    assert result.returncode == 2
    assert result.stderr.startswith("error: cannot write /dev/full: No space left on device")
    written = report(cli, database, "--format", "html", "--output", path)
    assert written.stdout == ""
    assert written.stderr.splitlines()[0] == f"wrote {path}"
    assert_harmless_or_without_charts(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]


def assert_harmless_or_without_charts(text: str) -> None:
    page = Page(text)
    assert {name for name, _ in page.elements} <= ELEMENTS
    assert page.open == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "pdf"], "'pdf' is not one of"),
        (["--format", "csv", "--json"], "--json and --format csv"),
        (["--since", "7"], "of what"),
        (["--since", "100000 years"], "out of range"),
    ],
)
def test_bad_input(database: Database, cli: Cli, arguments: list[str], said: str) -> None:
    result = cli.here("report", *arguments, "--dsn", database.dsn)
    assert (result.returncode, result.stdout) == (64, "")
    assert said in result.stderr


def test_fifty_policies_and_ninety_days_are_a_page_for_a_mail(database: Database, cli: Cli) -> None:
    fill(database, policies=50, days=90)
    text = report(cli, database, "--format", "html", "--since", "90d").stdout
    assert len(text.encode()) < 300_000
    page = Page(text)
    assert_harmless(page, text)
    shown = " ".join(page.texts)
    assert "4,500 (before: 0)" in shown
    for chart in ("Size", "Age of the oldest row", "Rows removed", "Time of the longest pass", "Debt", "Dead rows"):
        assert page.texts.count(f"{chart} ") + page.texts.count(chart) > 10
    # The forecast with its range, and the budget.
    assert 'class="a"' in text
    assert "budget 40.0 GB" in shown


def test_a_long_time_has_no_more_samples_than_a_chart_shows(database: Database, cli: Cli) -> None:
    fill(database, policies=1, days=90, hostile=False)
    for since, most, rows in (("90d", 61, 90), ("1d", 4, 1)):
        (table,) = check(report(cli, database, "--json", "--since", since).json)["tables"]
        assert most - 3 <= len(table["samples"]) <= most
        assert table["passes"] == rows
        times = [sample["at"] for sample in table["samples"]]
        assert times == sorted(times)
    assert (table["before"]["passes"], table["growth"]["limit_bytes"]) == (1, 40 * 1024**3)
    assert table["growth"]["growth_low"] < table["growth"]["growth_per_day"] < table["growth"]["growth_high"]


def test_what_may_not_be_read_is_named_and_the_rest_is_there(database: Database, cli: Cli) -> None:
    make(database)
    database.query("call maint.cleanup(p_quiet => true)")
    with database.superuser() as superuser:
        superuser.execute("drop view maint.audit")
    facts = check(report(cli, database, "--json").json)
    assert [(part["section"], part["sqlstate"]) for part in facts["missing"]] == [("changes", "42P01")]
    assert (facts["changes"], len(facts["runs"])) == ([], 1)
    for name in ("text", "markdown", "html"):
        text = report(cli, database, "--format", name).stdout
        assert "could not be read" in text.lower()
        assert "42P01" in text


def test_a_release_that_knows_less_is_reported_before_its_upgrade(empty_database: Database, cli: Cli) -> None:
    with empty_database.connect() as connection:
        connection.execute(released()["0.1.0"].encode())
    make(empty_database)
    empty_database.query("call maint.cleanup(p_quiet => true)")
    facts = check(report(cli, empty_database, "--json").json)
    assert (facts["version"], [run["rows"] for run in facts["runs"]]) == ("0.1.0", [300])
    assert {"policies", "samples", "changes", "findings"} <= {part["section"] for part in facts["missing"]}
    shown = report(cli, empty_database).stdout
    assert "WHAT COULD NOT BE READ" in shown
    assert re.search(r"^1 +public\.events ", shown, re.MULTILINE) or re.search(
        r"^ +1 +public\.events", shown, re.MULTILINE
    )


def test_times_are_those_of_the_server_in_utc(database: Database, cli: Cli) -> None:
    make(database)
    database.query("call maint.cleanup(p_quiet => true)")
    database.query(f"alter database {database.name} set timezone = 'Asia/Kathmandu'")
    facts = check(report(cli, database, "--json").json)
    at = datetime.fromisoformat(facts["at"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    shown = report(cli, database).stdout
    assert f"to {at.astimezone(UTC):%Y-%m-%d %H:}" in shown


def test_jobs_and_decisions_are_in_it(cron: CronJobs, database: Database, cli: Cli) -> None:
    add_table(database, "events")
    # The next one is hours away, wherever the clock stands: a job that begins in mid-test is not late.
    schedule = f"0 {(datetime.now(UTC).hour + 12) % 24} * * *"
    database.query("select maint.set_setting('cleanup_schedule', %s)", schedule)
    apply(cli, database.dsn)
    assert cli.here("policy", "set", "events", "--keep", "9d", "--dsn", database.dsn).returncode == 0
    assert cli.here("policy", "pause", "events", "--reason", "ticket-7", "--dsn", database.dsn).returncode == 0
    facts = check(report(cli, database, "--json").json)
    assert {job["job_name"]: job["state"] for job in facts["jobs"]}["cleanup"] == "waiting"
    shown = report(cli, database).stdout
    assert re.search(rf"^cleanup +waiting +{re.escape(schedule)}", shown, re.MULTILINE)
    assert re.search(r"maint_owner +changed policy .*\n    keep \d+ days → 9 days$", shown, re.MULTILINE)
    assert re.search(r"pause_reason none → ticket-7", shown)
    assert re.search(r"^\S+events +\d+ days +paused", shown, re.MULTILINE)
    database.query("update maint._job set applied_at = applied_at - interval '1 day'")
    shown = report(cli, database).stdout
    assert re.search(r"^cleanup +late ", shown, re.MULTILINE)
    text = report(cli, database, "--format", "html").stdout
    assert_harmless_or_without_charts(text)
    assert ">late<" in text


def test_partitions_and_their_runway_are_in_it(database: Database, cli: Cli) -> None:
    for statement in (
        "create table parts (at timestamptz not null) partition by range (at)",
        "create table parts_now partition of parts for values"
        " from (date_trunc('week', now(), 'UTC')) to (date_trunc('week', now(), 'UTC') + interval '1 week')",
        "create index on parts (at)",
        "select maint.set_policy('parts', '30 days', p_partition_interval => '1 week', p_premake => 4,"
        " p_time_zone => 'UTC')",
    ):
        database.query(statement)
    facts = check(report(cli, database, "--json").json)
    [found] = facts["partitions"]
    assert (found["name"], found["partitions"], found["missing"], found["premake"]) == ("public.parts", 1, 4, 4)
    assert found["covered_until"] is not None
    shown = report(cli, database).stdout
    assert "PARTITIONS" in shown
    assert re.search(r"^public\.parts +.*\d{4}-\d\d-\d\d 00:00 +\d.* 4 +0$", shown, re.MULTILINE)
    assert "pytelemetry-db partition rotate public.parts" in shown
    text = report(cli, database, "--format", "html").stdout
    assert ">Partitions</h2>" in text
    page = Page(text)
    assert_harmless(page, text)
    # Less than half of what the policy makes ahead is there: the strip is a bad one.
    (strip,) = [chart for chart in page.all("svg") if chart.get("class") == "lane gauge"]
    assert f'aria-labelledby="{strip["aria-labelledby"]}"><title id="r0t">public.parts</title>' in text
    assert re.search(r'<desc id="r0d">partitions reach (\d\S* )*of 28d ahead, the limit is 14d, 4 missing</desc>', text)
    assert '<path class="x" d="M0 8v14H' in text
    database.query("call maint.rotate()")
    (made,) = check(report(cli, database, "--json").json)["runs"]
    assert (made["kind"], made["partitions_made"], made["partitions_removed"]) == ("rotation", 4, 0)
    shown = report(cli, database).stdout
    assert "done (rotation)" in shown
    assert "4 partitions made" in shown
    policy = cli.here("policy", "show", "parts", "--dsn", database.dsn).stdout
    assert re.search(r"partition interval +7 days\n +premake +4\n +partition remove drop\n +managed by +us", policy)
    facts = check(report(cli, database, "--json", "--table", "parts").json)
    assert [part["missing"] for part in facts["partitions"]] == [0]
    assert facts["missing"] == []
    assert "partition rotate" not in report(cli, database).stdout
    text = report(cli, database, "--format", "html").stdout
    assert '<path class="x" d="M0 8v14H' not in text
    assert '<path class="r" d="M0 8v14H2' in text
