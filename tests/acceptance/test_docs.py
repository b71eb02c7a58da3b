"""The README and docs/ are true: every object and setting is described, every link leads somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Cli, Database
from typer.main import get_command

from pytelemetry_db import errors
from pytelemetry_db.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
TABLES = """
    create table events_seen (
        event_id uuid primary key default gen_random_uuid(), created_at timestamp default now(), ts_ms bigint
    );
    create index on events_seen (created_at);
    insert into events_seen (created_at) select now() - make_interval(hours => g) from generate_series(1, 400) as g;
    create table alerts (id serial primary key, created_at timestamp default now(), resolved_at timestamp);
    create index on alerts (created_at);
"""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_the_five_lines_of_the_readme_run_in_order(database: Database, cli: Cli) -> None:
    database.query(TABLES)
    (first, *_) = blocks(ROOT / "README.md", "sh")
    lines = [line.split("#")[0].split() for line in first.splitlines() if line.startswith("pytelemetry-db ")]
    assert [line[1] for line in lines] == ["install", "plan", "cleanup", "report"]
    for line in lines:
        result = cli(*line[1:], "--dsn", database.dsn)
        assert result.returncode == 0, result
        assert "next: pytelemetry-db " in result.stderr
    assert database.value("select count(*) from events_seen") in (167, 168)


def test_every_public_object_and_setting_is_described(database: Database) -> None:
    text = " ".join((ROOT / "docs" / "reference.md").read_text().split())
    objects = database.query(
        """
        select p.proname as name, obj_description(p.oid, 'pg_proc') as comment, p.proargnames as parts
        from pg_proc as p where p.pronamespace = 'maint'::regnamespace and p.proname !~ '^_'
        union all
        select c.relname, obj_description(c.oid, 'pg_class'), array_agg(a.attname order by a.attnum)
        from pg_class as c inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 'maint'::regnamespace and c.relkind = 'v' and c.relname !~ '^_'
        group by c.oid, c.relname
        union all
        select s.name, s.description, array[s.default_value] from maint._setting as s
        """
    )
    assert len(objects) > 15
    for item in objects:
        assert item["name"] in text
        assert item["comment"] in text, item["name"]
        assert [part for part in item["parts"] if part not in text] == [], item["name"]


def test_every_command_is_in_the_readme(cli: Cli) -> None:
    listed = re.findall(r"^  ([a-z]+)  ", cli("--help").stdout.split("Commands:")[1], re.MULTILINE)
    readme = (ROOT / "README.md").read_text()
    assert len(listed) >= 10
    assert [name for name in listed if f"`{name}" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_of_ours(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_make_help_lists_the_documented_targets() -> None:
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ})
    for target in (
        "demo",
        "test",
        "test-matrix",
        "bench",
        "build",
        "lint",
        "type",
        "format",
        "db-cleanup",
        "db-cleanup-force",
        "db-health",
        "help",
    ):
        assert f"make {target} " in result.stdout


def test_the_commands_of_the_runbooks_and_of_alerting_are_commands(database: Database, cli: Cli) -> None:
    database.query(TABLES)
    database.query("select maint.set_policy('events_seen', '7 days', 'created_at')")
    pages = [
        *sorted((ROOT / "docs" / "runbooks").glob("*.md")),
        ROOT / "docs" / "metrics.md",
        ROOT / "docs" / "alerting.md",
    ]
    lines = [
        line
        for page in pages
        for block in blocks(page, "sh")
        for line in block.splitlines()
        # These wait for ever, and act on what only the reader has.
        if not re.search("--serve|--textfile|pg_terminate_backend", line)
    ]
    assert len(lines) > 30
    for line in lines:
        program, *words = shlex.split(line.split(">")[0] if "psql" not in line else line, comments=True)
        if program == "psql":
            assert words[0] == "-c", line
            database.query(words[1])
        else:
            assert program == "pytelemetry-db", line
            offline = words[:2] in (["alert", "rules"], ["alert", "dashboard"])
            result = cli.here(*words, *([] if offline else ["--dsn", database.dsn]))
            assert "Traceback" not in result.stderr, result
            # A guard that did not object, and a finding that is not there, cannot be confirmed and acknowledged.
            known = {"confirm", "health ack", "schedule apply"}
            assert result.returncode != 64 or any(line.split(" ", 1)[1].startswith(one) for one in known), result


COMMON = {"--quiet", "--verbose", "--log-file", "--schema", "--dsn", "--ask-password"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str, list[str]]]:
    """Every command: its name, the first line of its help, and its options but for those that all have."""
    inner = getattr(command, "commands", {})
    if path and (not inner or command.invoke_without_command):
        found = [name for part in command.params if part.param_type_name == "option" for name in part.opts]
        own = [name for name in found if name.startswith("--") and name not in COMMON and not name.startswith("--db-")]
        yield " ".join(path), (command.help or "").split("\n")[0], own
    for name, one in inner.items():
        yield from commands(one, (*path, name))


def test_every_command_and_option_is_in_the_reference() -> None:
    """The table is made of the code: what is missing can be pasted from here."""
    wanted = [
        f"| `{name}` | {text} | {' '.join(f'`{option}`' for option in options)} |"
        for name, text, options in sorted(commands(get_command(app)))
    ]
    section = (ROOT / "docs" / "reference.md").read_text().split("\n## Commands\n")[1].split("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == wanted


def test_every_exit_code_is_in_the_reference() -> None:
    section = (ROOT / "docs" / "reference.md").read_text().split("\n## Exit codes\n")[1].split("\n## ")[0]
    said = {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
    raised = {one.default_exit_code for one in vars(errors).values() if hasattr(one, "default_exit_code")}
    assert raised <= said
    assert said == {0, 1, 2, 3, 64, 130, 143}
