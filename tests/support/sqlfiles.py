"""The SQL sources as the parser sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pglast
from pglast import scan

from support.command import ROOT

SQL = ROOT / "sql"
TOKEN = "@extschema@"
SCHEMA = "maint"


def files(*folders: str) -> list[Path]:
    """The .sql files of some folders of sql/ (all of them when none is named)."""
    return sorted(path for path in SQL.rglob("*.sql") if not folders or path.relative_to(SQL).parts[0] in folders)


def name(path: Path) -> str:
    """How a test calls a file."""
    return str(path.relative_to(SQL if path.is_relative_to(SQL) else ROOT))


@cache
def statements(path: Path) -> tuple[Any, ...]:
    """The parsed statements of a file, rendered for the default schema."""
    text = path.read_text().replace(TOKEN, SCHEMA)
    text = re.sub(r"%\(\w+\)s", "null", text)
    return tuple(raw.stmt for raw in pglast.parse_sql(text))


def without_comments(text: str) -> str:
    """`text` with comments blanked, also those in dollar-quoted bodies; string literals stay."""
    pieces = []
    end = 0
    for start, stop, kind in tokens(text):
        word = text[start:stop]
        pieces.append(text[end:start])
        if mark := _quote_mark(word):
            pieces.append(mark + without_comments(word.removeprefix(mark).removesuffix(mark)) + mark)
        elif kind not in ("SQL_COMMENT", "C_COMMENT"):
            pieces.append(word)
        end = stop
    return "".join(pieces) + text[end:]


def literals(text: str) -> Iterator[str]:
    """Every quoted string and quoted identifier, also those in dollar-quoted bodies; the bodies themselves are code."""
    for start, stop, _kind in tokens(text):
        word = text[start:stop]
        if mark := _quote_mark(word):
            yield from literals(word.removeprefix(mark).removesuffix(mark))
        elif word[-1:] in ("'", '"'):
            yield word


def tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of the lexer's tokens."""
    for token in scan(text):
        yield token.start, token.end + 1, token.name or ""


def _quote_mark(word: str) -> str | None:
    """`$$` or `$tag$` when `word` is a dollar-quoted string."""
    found = re.match(r"\$\w*\$", word)
    return found.group() if found else None


def dotted(parts: tuple[Any, ...] | None) -> str:
    """A qualified name as one string."""
    return ".".join(part.sval for part in parts or ())
