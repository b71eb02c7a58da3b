"""Write scripts. Pure: the same release and options give the same bytes, whatever the day, host or database.

Every script has the same frame (``sql/frame``): one transaction with a pinned search_path and a lock_timeout, the
installation lock, guards, the sources, a last check, the version row. An upgrade is the same with other guards and
fewer migrations; it replaces routines and views in place, so that their grants and dependents stay.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence

from pytelemetry_db import source
from pytelemetry_db.errors import OperationFailed
from pytelemetry_db.model import NO_ROLES, Release, Roles, Script, SourceFile, Statement, Version
from pytelemetry_db.names import DEFAULT_SCHEMA, quote_identifier, quote_literal, validate_schema

__all__ = [
    "EXTENSION",
    "TOKEN",
    "object_names",
    "render_catalog",
    "render_extension",
    "render_extension_update",
    "render_install",
    "render_jobs",
    "render_probe",
    "render_schedule",
    "render_shadow",
    "render_uninstall",
    "render_upgrade",
    "routine_bodies",
    "signatures",
]

EXTENSION = "pytelemetry_db"
TOKEN = "@extschema@"
# A committing procedure says which release it belongs to; see sql/procedures/cleanup.sql.
VERSION_TOKEN = "@version@"
# What describes a schema, and needs nothing else.
PROBE = ("_privileges", "_relation_definitions", "_routine_definitions", "_definitions")
DESCRIBING = (*PROBE, "_fingerprints")

_VALUE = re.compile(r"':(?P<name>[a-z0-9_]+):'")
_OR_REPLACE = re.compile(r"^create or replace\b", re.MULTILINE)
_BODY = re.compile(r"^as \$\$(?P<body>.*?)\$\$;$", re.MULTILINE | re.DOTALL)
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
    *,
    roles: Roles = NO_ROLES,
    transaction: bool = True,
) -> Script:
    """Render a fresh installation: all migrations, routines, views and grants.

    Objects are made with plain ``create``, so that nothing which is already there can be adopted.

    :param owner: the role that is to own everything; None means the role that runs the script
    :param allow_all_tables_publication: go on although a publication would replicate our tables
    :param roles: roles of the DBA's that may look, or operate
    :param transaction: False leaves out begin and commit, for a caller that has its own transaction; that goes on with
        the settings and the role it had
    :raises UsageError: when the schema's name is not allowed
    """
    sources = _sources(release, release.files, schema, replace=False)
    values = {
        **_values(release, schema, sources, roles),
        "owner": owner or "",
        "allow_all_tables_publication": "on" if allow_all_tables_publication else "off",
    }
    guards = ("guard_server", "guard_owner", "guard_absent", "guard_publication", "create_schema")
    body = (*_frames(("settings", "values_install", "lock", *guards), schema, values), *sources)
    end = _frames(("grant_roles", "check_owner", "record"), schema, values)
    title = f"install {release.version} into schema {schema}"
    return _script(title, (*body, *end), values["sha256"], transaction)


def render_upgrade(
    release: Release,
    start: Version,
    schema: str = DEFAULT_SCHEMA,
    *,
    roles: Roles = NO_ROLES,
    transaction: bool = True,
) -> Script:
    """Render the way from exactly ``start`` to this release: newer migrations, all routines, views and grants.

    What ``start`` had and this release has not is dropped; whatever still uses it stops the upgrade.

    :param roles: roles of the DBA's that may look, or operate; the ones that were named before stay
    :param transaction: as in ``render_install``
    :raises UsageError: when the schema's name is not allowed
    """
    describing, migrations, sources, grants = _newer(release, start, schema)
    values = {
        **_values(release, schema, (*describing, *migrations, *sources, *grants), roles),
        "from_version": start.version,
        "from_migration": str(start.migration),
        "signatures": ";".join(signatures(release, schema)),
        "describing": " ".join(DESCRIBING),
    }
    body = (
        *_frames(("settings", "values_upgrade", "lock", "guard_server", "guard_installed"), schema, values),
        *_frames(("check_owner", "lock_objects", "look_before"), schema, values),
        *describing,
        *_frames(("remember_drift", "drop_altered_views"), schema, values),
        *migrations,
        *_frames(("set_aside",), schema, values),
        *sources,
        *_frames(("drop_stale",), schema, values),
        *grants,
        *_frames(("grant_roles", "check_owner", "record", "forget_foreign"), schema, values),
    )
    title = f"upgrade {start.version} to {release.version} in schema {schema}"
    return _script(title, body, values["sha256"], transaction)


def render_uninstall(
    release: Release,
    schema: str = DEFAULT_SCHEMA,
    *,
    keep_data: bool = False,
    cascade: bool = False,
    transaction: bool = True,
) -> Script:
    """Render the removal of exactly this release, its policies and its ledger; roles stay.

    :param keep_data: leave the tables, so that ``install`` can go on with them
    :param cascade: drop objects elsewhere that depend on ours, too
    :param transaction: as in ``render_install``
    :raises UsageError: when the schema's name is not allowed
    """
    values = {
        "schema": schema,
        "version": release.version,
        "migration": str(release.migration),
        "objects": " ".join(object_names(release)),
        "behavior": "cascade" if cascade else "restrict",
        "keep_data": "on" if keep_data else "off",
    }
    guards = ("settings", "values_uninstall", "lock", "guard_server", "guard_installed")
    body = _frames((*guards, "guard_conversions", "lock_objects", "unschedule", "remove"), schema, values)
    title = f"uninstall {release.version} from schema {schema}"
    return _script(title, body, _sha256(body), transaction)


def render_schedule(release: Release, schema: str = DEFAULT_SCHEMA) -> Script:
    """Render what puts the wanted jobs into a pg_cron that keeps them in the same database."""
    body = _frames(("schedule",), schema, {})
    return _script(f"jobs of schema {schema}, for release {release.version}", body, _sha256(body), True)


def render_jobs(title: str, statements: Sequence[str]) -> Script:
    """Render statements that change jobs of pg_cron, for the database in which it keeps them: all of them or none."""
    body = tuple(Statement(f"{text}\n", "sql/catalog/cron_changes.sql") for text in statements)
    return _script(title, body, _sha256(body), True)


def render_extension(release: Release, schema: str = DEFAULT_SCHEMA) -> Script:
    """Render the script that CREATE EXTENSION runs."""
    sources = _sources(release, release.files, schema, replace=False)
    values = {
        **_values(release, schema, sources, NO_ROLES),
        "action": "create extension",
        "signatures": "",
        "describing": "",
    }
    body = (
        *_frames(("values_extension", "guard_server", "guard_owner"), schema, values),
        *_frames(("guard_publication", "extension_begin"), schema, values),
        *sources,
        *_frames(("grant_roles", "check_owner", "record", "extension_end"), schema, values),
    )
    return Script(_extension_header("create"), body, values["sha256"])


def render_extension_update(release: Release, start: Version, schema: str = DEFAULT_SCHEMA) -> Script:
    """Render the script that ALTER EXTENSION UPDATE runs to get from exactly ``start`` to this release."""
    describing, migrations, sources, grants = _newer(release, start, schema)
    values = {
        **_values(release, schema, (*describing, *migrations, *sources, *grants), NO_ROLES),
        "action": "update extension",
        "signatures": ";".join(signatures(release, schema)),
        "describing": " ".join(DESCRIBING),
    }
    body = (
        *_frames(("values_extension", "lock", "guard_server", "extension_resume"), schema, values),
        *_frames(("lock_objects", "look_before"), schema, values),
        *describing,
        *_frames(("remember_drift", "drop_altered_views"), schema, values),
        *migrations,
        *_frames(("set_aside",), schema, values),
        *sources,
        *_frames(("drop_stale",), schema, values),
        *grants,
        *_frames(("grant_roles", "check_owner", "record", "forget_foreign", "extension_end"), schema, values),
    )
    return Script(_extension_header("alter", " update"), body, values["sha256"])


def render_probe(release: Release, schema: str, probe: str, owner: str, roles: Roles = NO_ROLES) -> Script:
    """Render the schema ``probe`` with the functions that describe a schema, for a transaction of the caller's."""
    values = {
        "schema": schema,
        "owner": owner,
        "probe": probe,
        "reader_role": roles.reader or "",
        "operator_role": roles.operator or "",
    }
    files = tuple(file for file in release.repeatables if file.name in PROBE)
    body = (
        *_frames(("settings", "values_shadow", "probe"), schema, values),
        *_sources(release, files, probe, replace=False),
    )
    return Script("", body, _sha256(body))


def render_shadow(release: Release, schema: str) -> Script:
    """Render a fresh installation in place of the real one, for the transaction that ``render_probe`` prepared."""
    sources = _sources(release, release.files, schema, replace=False)
    body = (*_frames(("shadow",), schema, {}), *sources, *_frames(("grant_roles",), schema, {}))
    return Script("", body, _sha256(body))


def signatures(release: Release, schema: str) -> list[str]:
    """Return how the server finds each routine and view, qualified: ``maint.plan(regclass, …)``, ``maint.runs``."""
    return [render_catalog(f"{TOKEN}.{file.signature}", schema) for file in release.repeatables]


def routine_bodies(release: Release, schema: str) -> dict[str, str]:
    """Map the names of functions and procedures to their bodies, as the server stores them."""
    bodies = {}
    for file in release.repeatables:
        if found := _BODY.search(_text(release, file, schema)):
            bodies[file.name] = found["body"]
    return bodies


def object_names(release: Release, *, keep_data: bool = False) -> list[str]:
    """Name what is removed: routines, views and, unless the data is kept, tables."""
    tables = [match["name"] for file in release.migrations for match in _TABLE.finditer(file.text)]
    return sorted({*(() if keep_data else tables), *(file.name for file in release.repeatables)})


def _newer(release: Release, start: Version, schema: str) -> tuple[tuple[Statement, ...], ...]:
    """Return what an upgrade from ``start`` applies: what describes, migrations, other routines and views, grants."""
    describing = tuple(file for file in release.repeatables if file.name in DESCRIBING)
    rest = tuple(file for file in release.repeatables if file not in describing)
    parts = (describing, release.migrations[start.migration :], rest, release.grants)
    return tuple(_sources(release, files, schema, replace=True) for files in parts)


def _extension_header(verb: str, clause: str = "") -> str:
    command = f"{verb} extension {EXTENSION}{clause}"
    return f'-- pytelemetry_db as an extension\n\\echo Use "{command}" to load this file. \\quit\n'


def _values(release: Release, schema: str, sources: tuple[Statement, ...], roles: Roles) -> dict[str, str]:
    return {
        "schema": schema,
        "version": release.version,
        "migration": str(release.migration),
        "sha256": _sha256(sources),
        "reader_role": roles.reader or "",
        "operator_role": roles.operator or "",
    }


def _text(release: Release, file: SourceFile, schema: str) -> str:
    return render_catalog(file.text, schema).replace(VERSION_TOKEN, release.version)


def _sources(release: Release, files: tuple[SourceFile, ...], schema: str, *, replace: bool) -> tuple[Statement, ...]:
    texts = [(_text(release, file, schema), file.path) for file in files]
    return tuple(Statement(text if replace else _OR_REPLACE.sub("create", text, count=1), path) for text, path in texts)


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
    else:
        body = (*body, *_frames(("leave",), DEFAULT_SCHEMA, {}))
    # A database may be called anything; a title stays within its comment.
    line = " ".join(title.split())
    return Script(f"-- pytelemetry_db: {line}\n-- sha256 {sha256}\n", body, sha256)


def _sha256(statements: tuple[Statement, ...]) -> str:
    digest = hashlib.sha256()
    for statement in statements:
        digest.update(statement.text.encode())
    return digest.hexdigest()
