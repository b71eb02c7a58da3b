"""Write scripts. Pure: the same release and options give the same bytes, whatever the day, host or database.

Every script has the same frame (``sql/frame``): one transaction with a pinned search_path and a lock_timeout, the
installation lock, guards, the sources, a last check, the version row. An upgrade is the same with other guards and
fewer migrations.
"""

import hashlib
import re
from collections.abc import Mapping

from pytelemetry_db import source
from pytelemetry_db.errors import OperationFailed
from pytelemetry_db.model import Release, Script, SourceFile, Statement
from pytelemetry_db.names import DEFAULT_SCHEMA, quote_identifier, quote_literal, validate_schema

__all__ = ["TOKEN", "render_catalog", "render_install", "render_uninstall"]

TOKEN = "@extschema@"

_VALUE = re.compile(r"':(?P<name>[a-z0-9_]+):'")
_OR_REPLACE = re.compile(r"^create or replace\b", re.MULTILINE)
_TABLE = re.compile(r"^create table @extschema@\.(?P<name>[a-z_][a-z0-9_]*)", re.MULTILINE)


def render_catalog(text: str, schema: str = DEFAULT_SCHEMA) -> str:
    """Put the schema's name where ``text`` has the token.

    :raises UsageError: when the name is not allowed
    """
    return text.replace(TOKEN, quote_identifier(validate_schema(schema)))


def render_install(
    release: Release,
    schema: str = DEFAULT_SCHEMA,
    owner: str | None = None,
    allow_all_tables_publication: bool = False,
    transaction: bool = True,
) -> Script:
    """Render a fresh installation: all migrations, routines, views and grants.

    Objects are made with plain ``create``, so that nothing which is already there can be adopted.

    :param owner: the role that is to own everything; None means the role that runs the script
    :param allow_all_tables_publication: go on although a publication would replicate our tables
    :param transaction: False leaves out begin and commit, for a caller that has its own transaction; the script's
        settings and role then last until that transaction ends
    :raises UsageError: when the schema's name is not allowed
    """
    sources = tuple(_statement(file, schema) for file in release.files)
    sha256 = _sha256(sources)
    values = {
        "schema": schema,
        "version": release.version,
        "migration": str(release.migration),
        "action": "install",
        "sha256": sha256,
        "owner": owner or "",
        "allow_all_tables_publication": "on" if allow_all_tables_publication else "off",
    }
    guards = (
        "settings",
        "values_install",
        "lock",
        "guard_server",
        "guard_owner",
        "guard_absent",
        "guard_publication",
        "create_schema",
    )
    body = (*_frames(guards, schema, values), *sources, *_frames(("check_owner", "record"), schema, values))
    title = f"install {release.version} into schema {schema}"
    return _script(title, body, sha256, transaction)


def render_uninstall(release: Release, schema: str = DEFAULT_SCHEMA, transaction: bool = True) -> Script:
    """Render the removal of exactly this release, its policies and its ledger; roles stay.

    :raises UsageError: when the schema's name is not allowed
    """
    tables = [match["name"] for file in release.migrations for match in _TABLE.finditer(file.text)]
    objects = sorted({*tables, *(file.name for file in release.repeatables)})
    values = {"schema": schema, "version": release.version, "objects": " ".join(objects)}
    parts = ("settings", "values_uninstall", "lock", "guard_server", "guard_installed", "remove")
    body = _frames(parts, schema, values)
    title = f"uninstall {release.version} from schema {schema}"
    return _script(title, body, _sha256(body), transaction)


def _statement(file: SourceFile, schema: str) -> Statement:
    text = render_catalog(file.text, schema)
    return Statement(_OR_REPLACE.sub("create", text, count=1), file.path)


def _frames(names: tuple[str, ...], schema: str, values: Mapping[str, str]) -> tuple[Statement, ...]:
    """Read parts of the frame and put the script's values into them: the only place where values become SQL."""

    def literal(match: re.Match[str]) -> str:
        if match["name"] not in values:
            raise OperationFailed(f"the frame asks for the unknown value {match['name']}")
        return quote_literal(values[match["name"]])

    return tuple(
        Statement(_VALUE.sub(literal, render_catalog(source.frame(name), schema)), f"sql/frame/{name}.sql")
        for name in names
    )


def _script(title: str, body: tuple[Statement, ...], sha256: str, transaction: bool) -> Script:
    if transaction:
        body = (*_frames(("begin",), DEFAULT_SCHEMA, {}), *body, *_frames(("commit",), DEFAULT_SCHEMA, {}))
    return Script(f"-- pytelemetry_db: {title}\n-- sha256 {sha256}\n", body, sha256)


def _sha256(statements: tuple[Statement, ...]) -> str:
    digest = hashlib.sha256()
    for statement in statements:
        digest.update(statement.text.encode())
    return digest.hexdigest()
