"""Rules of the SQL sources that no linter knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pglast import ast, parse_sql
from pglast.enums import ObjectType
from pglast.visitors import Visitor
from support.command import ROOT, Cli
from support.sqlfiles import SCHEMA, TOKEN, dotted, files, literals, name, statements, without_comments

from pytelemetry_db import __version__

INSTALLED = [*files("migrations", "functions", "procedures", "views"), ROOT / "sql" / "grants.sql"]
REPEATABLE = files("functions", "procedures", "views")
BENCH = sorted((ROOT / "bench" / "sql").glob("*.sql"))


@pytest.mark.parametrize("path", INSTALLED, ids=name)
def test_the_frame_alone_begins_and_ends_transactions(path: Path) -> None:
    assert not [s for s in statements(path) if isinstance(s, ast.TransactionStmt)]


@pytest.mark.parametrize("path", REPEATABLE, ids=name)
def test_a_repeatable_is_one_object_of_its_files_name(path: Path) -> None:
    first, *rest = statements(path)
    assert isinstance(first, ast.ViewStmt | ast.CreateFunctionStmt)
    assert first.replace, "write `create or replace`"
    if isinstance(first, ast.ViewStmt):
        assert first.view is not None
        kind, created = "views", f"{first.view.schemaname}.{first.view.relname}"
    else:
        kind, created = "procedures" if first.is_procedure else "functions", dotted(first.funcname)
    assert (kind, created) == (path.parent.name, f"{SCHEMA}.{path.stem}")
    assert rest, "comment on it"
    assert [s for s in rest if not (isinstance(s, ast.CommentStmt) and _commented(s) == created)] == []


def _commented(comment: ast.CommentStmt) -> str:
    """The relation or routine a comment is on; a column's comment counts as its relation's."""
    parts = comment.object.objname if isinstance(comment.object, ast.ObjectWithArgs) else comment.object
    assert isinstance(parts, tuple)
    return dotted(parts[:-1] if comment.objtype == ObjectType.OBJECT_COLUMN else parts)


def test_the_entry_of_every_pass_calls_nothing_of_ours() -> None:
    """A pass of an older release calls it when everything else may be gone; see `_enter`."""
    first = statements(ROOT / "sql" / "functions" / "_enter.sql")[0]
    assert isinstance(first, ast.CreateFunctionStmt)
    parameters = [(item.name, dotted(item.argType.names)) for item in first.parameters or () if item.argType]
    assert parameters == [("p_version", "text")]
    text = without_comments((ROOT / "sql" / "functions" / "_enter.sql").read_text())
    assert set(re.findall(rf"{TOKEN}\.(\w+)", text)) == {"_enter", "_installation"}


def test_no_object_is_defined_twice() -> None:
    stems = [path.stem for path in REPEATABLE]
    assert sorted(stems) == sorted(set(stems))


# A fresh installation replays all migrations before it makes these.
REPLAYED = {ObjectType.OBJECT_VIEW, ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_PROCEDURE, ObjectType.OBJECT_ROUTINE}


class _Creates(Visitor):
    """Collects what a migration may not say."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit(self, _ancestors: object, node: ast.Node) -> None:
        if isinstance(node, ast.DropStmt) and node.removeType in REPLAYED:
            self.found += [] if node.missing_ok else ["DropStmt without if exists"]
            return
        for attribute in ("if_not_exists", "missing_ok", "replace"):
            if getattr(node, attribute, False):
                self.found.append(f"{type(node).__name__}.{attribute}")


@pytest.mark.parametrize("path", files("migrations"), ids=name)
def test_a_migration_runs_once_and_knows_what_it_finds(path: Path) -> None:
    visitor = _Creates()
    visitor(statements(path))
    assert visitor.found == []
    assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z]+)+", path.stem)


def test_migrations_drop_routines_and_views_only_if_they_are_there() -> None:
    for text, found in {
        "drop view if exists v": [],
        "drop function if exists f(integer), g()": [],
        "drop procedure if exists p()": [],
        "drop view v": ["DropStmt without if exists"],
        "drop table if exists t": ["DropStmt.missing_ok"],
        "drop index if exists i": ["DropStmt.missing_ok"],
        "alter table if exists t add column c text": ["AlterTableStmt.missing_ok"],
        "create table if not exists t (a text)": ["CreateStmt.if_not_exists"],
        "create or replace view v as select 1": ["ViewStmt.replace"],
    }.items():
        visitor = _Creates()
        visitor(parse_sql(text))
        assert visitor.found == found, text


def test_migrations_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in files("migrations")] == list(range(1, len(files("migrations")) + 1))


@pytest.mark.parametrize("path", files(), ids=name)
def test_nothing_drops_what_it_does_not_name(path: Path) -> None:
    assert not re.search(r"\bcascade\b", without_comments(path.read_text()), re.IGNORECASE)


@pytest.mark.parametrize("path", INSTALLED, ids=name)
def test_rows_go_by_delete_only(path: Path) -> None:
    assert not re.search(r"\btruncate\b", without_comments(path.read_text()), re.IGNORECASE)


@pytest.mark.parametrize("path", files(), ids=name)
def test_the_token_is_an_identifier(path: Path) -> None:
    assert [text for text in literals(path.read_text()) if TOKEN in text] == []


@pytest.mark.parametrize("path", files(), ids=name)
def test_the_schema_is_never_named(path: Path) -> None:
    assert not re.search(rf"\b{SCHEMA}\.", without_comments(path.read_text()))


# The frame's pieces open and close the script that is printed; the renderer writes its header.
@pytest.mark.parametrize("path", [*(path for path in files() if path.parent.name != "frame"), *BENCH], ids=name)
def test_a_file_opens_with_a_short_header(path: Path) -> None:
    header = re.match(r"(--.*\n)*", path.read_text())
    assert header is not None
    lines = [line for line in header.group().splitlines() if not line.startswith("-- requires:")]
    assert 1 <= len(lines) <= 6


@pytest.mark.parametrize("path", [*files(), *BENCH], ids=name)
def test_a_file_has_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 160


@pytest.mark.parametrize("command", ["install", f"upgrade --from {__version__}", "uninstall"])
def test_sqlfluff_is_silent_on_what_is_printed(command: str, cli: Cli, tmp_path: Path) -> None:
    """As ``make lint`` is on the sources."""
    printed = cli("sql", *command.split())
    assert printed.returncode == 0, printed.stderr
    path = tmp_path / "printed.sql"
    path.write_text(printed.stdout)
    # A script of many files may be long, and says its names again.
    arguments = ["lint", "--nocolor", "--config", str(ROOT / ".sqlfluff"), "--templater", "raw", str(path)]
    done = subprocess.run([sys.executable, "-m", "sqlfluff", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
