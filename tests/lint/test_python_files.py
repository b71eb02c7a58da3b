"""Rules of the Python sources that ruff and mypy do not know."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pglast
import pytest
from support.command import ROOT

PACKAGE = ROOT / "pytelemetry_db"
FILES = sorted(path for folder in (PACKAGE, ROOT / "bench", ROOT / "tools") for path in folder.rglob("*.py"))

STATEMENT = re.compile(
    r"\s*(select|with|insert|update|delete|merge|create|alter|drop|call|truncate|grant|revoke|comment|copy|set|reset"
    r"|begin|commit|rollback|lock|vacuum|analyze|explain|do|show|listen|notify)\b",
    re.IGNORECASE,
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_layers_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_has_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 320


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_sql_lives_in_sql(path: Path) -> None:
    texts = _texts(ast.parse(path.read_text()))
    assert [f"{_name(path)}:{line}: {text}" for line, text in texts if _is_sql(text)] == []


def test_the_rule_about_sql_knows_sql() -> None:
    for text in ("select 1", "delete from {} where x < %s", "create table %(t)s (a int)", "set role x"):
        assert _is_sql(text), text
    for text in ("select a table first", "{}.{}", "drop the policy of a table", "set", "call maint.cleanup"):
        assert not _is_sql(text), text


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Strings of a module with their lines; the values in an f-string count as names, docstrings do not count."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "x" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def _is_sql(text: str) -> bool:
    """Whether PostgreSQL's own parser takes a text of several words for a statement."""
    if not STATEMENT.match(text) or len(text.split()) < 2:
        return False
    try:
        return bool(pglast.parse_sql(re.sub(r"%\(\w+\)s|\{\w*\}|%s", "x", text)))
    except pglast.parser.ParseError:
        return False


def test_every_directory_of_tests_is_run() -> None:
    """They are named in pyproject.toml for their order."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["testpaths"]
    assert set(named) == {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")}
