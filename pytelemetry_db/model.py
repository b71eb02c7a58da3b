"""Plain values that the modules hand to each other. Nothing here does anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["NO_ROLES", "Kind", "Release", "Roles", "Script", "SourceFile", "State", "Statement", "Version"]

Kind = Literal["migration", "function", "procedure", "view", "grants"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file below ``sql/``, as it stands in the source tree.

    ``path`` is relative (``sql/functions/plan.sql``), ``name`` is the object's name,
    ``text`` is UTF-8 text with LF line ends, ``requires`` are names of other repeatables. ``signature`` is how the
    server finds a routine, for example ``plan(regclass, interval)``, or a view's name; empty for other files.
    """

    path: str
    name: str
    kind: Kind
    text: str
    requires: tuple[str, ...] = ()
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that this version puts into a database, in the order in which it goes in.

    ``released`` maps each released version to the number of its last migration.
    """

    version: str
    migration: int
    migrations: tuple[SourceFile, ...]
    repeatables: tuple[SourceFile, ...]
    grants: tuple[SourceFile, ...]
    released: Mapping[str, int] = field(default_factory=dict)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """All files: migrations, then routines and views, then grants."""
        return self.migrations + self.repeatables + self.grants


@dataclass(frozen=True, slots=True)
class Version:
    """A point from which an upgrade starts: a version and the number of its last migration."""

    version: str
    migration: int


@dataclass(frozen=True, slots=True)
class Roles:
    """Roles of the DBA's: ``reader`` may see the views, ``operator`` may also plan, clean, pause and resume."""

    reader: str | None = None
    operator: str | None = None


NO_ROLES = Roles()


@dataclass(frozen=True, slots=True)
class Statement:
    """A piece of a script and the file and line (1 = first) it came from."""

    text: str
    origin_file: str
    origin_line: int = 1


@dataclass(frozen=True, slots=True)
class Script:
    """A rendered script. ``text`` is printed and executed, byte for byte the same.

    ``sha256`` is over the rendered source files only: without header and frame.
    """

    header: str
    statements: tuple[Statement, ...]
    sha256: str

    @property
    def text(self) -> str:
        """The whole script; ends with exactly one line feed."""
        return self.header + "".join(f"\n{statement.text}" for statement in self.statements)

    def locate(self, position: int) -> tuple[str, int] | None:
        """Return the origin (file, line) of a character ``position`` of ``text``, counted from 1 as PostgreSQL does."""
        start = len(self.header)
        for statement in self.statements:
            start += 1
            end = start + len(statement.text)
            if start < position <= end:
                lines = statement.text.count("\n", 0, position - 1 - start)
                return statement.origin_file, statement.origin_line + lines
            start = end
        return None


@dataclass(frozen=True, slots=True)
class State:
    """What a database says about itself and about our schema in it.

    ``server_version`` is PostgreSQL's number (150018), ``schema_objects`` counts the relations, routines
    and types in the schema, ``owner`` is the schema's owner, ``has_code`` is False after ``uninstall --keep-data``,
    ``extension`` names the extension that the schema belongs to.
    """

    installed: bool
    schema: str
    version: str | None
    migration: int | None
    has_code: bool
    server_major: int | None
    extension: str | None
    owner: str | None
    server_version: int
    server_version_text: str
    database: str
    user: str
    host: str | None
    port: int | None
    in_recovery: bool
    is_superuser: bool
    schema_exists: bool
    schema_objects: int
    extensions: Mapping[str, str] = field(default_factory=dict)
    publications_for_all_tables: tuple[str, ...] = ()
