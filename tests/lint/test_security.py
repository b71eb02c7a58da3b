"""What an attacker would look for in the SQL: names that the caller's path resolves, statements built from text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from lint.test_installed_schema import CALLERS_NAMES, COMMITTING_PROCEDURES
from support.command import Cli
from support.sqlfiles import files, name, without_comments

# EXECUTE of a text: one that format() wrote, or a constant.
DYNAMIC = re.compile(
    r"\bexecute\s+(?!format\s*\(|'|\$\w*\$|functions?\b|procedures?\b|on\b|\(\s*select\s+(?:string_agg\(\s*)?format\()",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", files("migrations", "functions", "procedures", "views", "frame"), ids=name)
def test_dynamic_sql_is_written_by_format(path: Path) -> None:
    assert DYNAMIC.findall(without_comments(path.read_text())) == []


def test_the_rule_about_dynamic_sql_knows_it() -> None:
    for text in ("execute v_text;", "for r in execute v_text loop", "execute concat('a', b)"):
        assert DYNAMIC.search(text), text
    for text in (
        "execute format('x %I', n)",
        "grant execute on function f() to r",
        "create trigger t execute function f()",
    ):
        assert not DYNAMIC.search(text), text


@pytest.mark.parametrize("path", files("migrations", "functions", "procedures", "views", "frame"), ids=name)
def test_no_text_is_glued_to_a_statement(path: Path) -> None:
    text = without_comments(path.read_text())
    for found in re.finditer(r"\bexecute\s+('(?:[^']|'')*')\s*(\S+)", text, re.IGNORECASE):
        assert found[2] != "||", found[0]


def test_pgspot_finds_nothing_but_what_is_listed(cli: Cli, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text(cli("sql", "install").stdout)
    # Its own parser of PL/pgSQL does not know all of the language; plpgsql_check looks into the bodies.
    command = [sys.executable, "-m", "pgspot", "--no-plpgsql", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    lines = [line for line in done.stdout.splitlines() if line.startswith("PS")]
    found = {re.sub(r"^(PS\d+): .*?: maint\.(\w+)\(.*", r"\1 \2", line) for line in lines}
    assert found == {f"PS005 {routine}" for routine in COMMITTING_PROCEDURES | CALLERS_NAMES}
    assert f"Errors: 0 Warnings: {len(found)} Unknown: 0" in done.stdout, done.stdout + done.stderr
