"""Which database: one source of connection settings, chosen whole. Pure: no network, no files, no prompt.

In this order: ``--dsn``; any ``--db-*`` option or ``DB_*`` variable; any ``PG*`` variable that names a server;
``DATABASE_URL``; the documented defaults. What a source leaves out comes from that source's own defaults, never
from another source. Variables that only say *how* to connect (``PGPASSWORD``, ``PGPASSFILE``, ``PGSSLMODE`` …)
are libpq's and hold for every source.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from pytelemetry_db.errors import UsageError

__all__ = ["Options", "ParseDsn", "Source", "SourceKind", "resolve", "variables"]

SourceKind = Literal["dsn", "db", "libpq", "database-url", "defaults"]
ParseDsn = Callable[[str], Mapping[str, str]]

_DEFAULTS = {"host": "localhost", "port": "5432", "dbname": "telemetry", "user": "telemetry"}
_DEFAULT_PASSWORD = "telemetry"
_DB_VARIABLES = {
    "DB_HOST": "host",
    "DB_PORT": "port",
    "DB_NAME": "dbname",
    "DB_USER": "user",
    "DB_PASSWORD": "password",
}
_PG_VARIABLES = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGSERVICE": "service",
}
# How to connect, not where: these hold for every source.
_HOW_VARIABLES = {
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGCHANNELBINDING": "channel_binding",
    "PGGSSENCMODE": "gssencmode",
    "PGCONNECT_TIMEOUT": "connect_timeout",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
}
_DSN_HELP = "postgresql://user@host:port/database or 'host=… dbname=…'; write special characters in a password as %XX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says about the connection; None means not said.

    ``asked_password`` was typed at a prompt: it says nothing about where, and goes with every source.
    """

    dsn: str | None = field(default=None, repr=False)
    db_host: str | None = None
    db_port: int | None = None
    db_name: str | None = None
    db_user: str | None = None
    db_password: str | None = field(default=None, repr=False)
    asked_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """Where to connect. Nothing that is printed of it holds a password.

    :param kind: which source was chosen
    :param conninfo: libpq's keywords, with the password if one was given
    :param label: ``user@host:port/database (from …)`` as far as it is known before connecting
    :param notes: what the user should know about the choice
    :param hidden: environment variables that libpq must not see, because they belong to another source
    :param fallback_password: tried only when the server wants a password and nothing else gives one
    """

    kind: SourceKind
    conninfo: Mapping[str, str] = field(repr=False)
    label: str
    notes: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    fallback_password: str | None = field(default=None, repr=False)

    @property
    def origin(self) -> str:
        """Where the settings come from, as ``(from …)``."""
        return self.label[self.label.rindex("(") :]


def resolve(options: Options, environ: Mapping[str, str], parse_dsn: ParseDsn) -> Source:
    """Choose the source.

    :param parse_dsn: turns a connection string into libpq's keywords (``db.parse_dsn``)
    :raises UsageError: for a connection string that cannot be read, or a port that is none
    """
    given = _given(options, environ)
    kind: SourceKind = next((kind for kind in _NAMES if kind in given), "defaults")
    conninfo = dict(_conninfo(kind, options, environ, parse_dsn))
    if options.asked_password is not None:
        conninfo["password"] = options.asked_password
    _check_port(conninfo.get("port"))
    fallback = _DEFAULT_PASSWORD if kind in ("db", "defaults") and "password" not in conninfo else None
    hidden = () if kind == "libpq" else tuple(_PG_VARIABLES)
    return Source(kind, conninfo, _label(kind, conninfo, environ), _notes(kind, given), hidden, fallback)


def variables(source: Source, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make a command connect as ``source`` says, without its password.

    A connection string becomes ``PG*``, because both leave to libpq what they do not say.

    :raises UsageError: for what no variable says, and for a service, whose file may be nowhere else
    """
    how = {name: environ[name] for name in _HOW_VARIABLES if environ.get(name)}
    if source.kind == "libpq":
        said = {key: environ[name] for name, key in _PG_VARIABLES.items() if environ.get(name)}
    else:
        said = {key: value for key, value in source.conninfo.items() if key != "password"}
    if "service" in said:
        raise UsageError("a service cannot be written into a file", "--db-host, --db-port, --db-name, --db-user")
    known = _DB_VARIABLES if source.kind in ("db", "defaults") else {**_PG_VARIABLES, **_HOW_VARIABLES}
    names = {key: name for name, key in known.items()}
    if unknown := [key for key in said if key not in names]:
        raise UsageError(
            f"{', '.join(unknown)} of the connection string cannot be written into a file", "fewer options"
        )
    return how | {names[key]: value for key, value in said.items()}


_NAMES: Mapping[SourceKind, str] = {
    "dsn": "--dsn",
    "db": "--db-* and DB_*",
    "libpq": "PG* variables",
    "database-url": "DATABASE_URL",
}


def _given(options: Options, environ: Mapping[str, str]) -> dict[SourceKind, str]:
    """Return the sources that are present, and how the user knows them."""
    given: dict[SourceKind, str] = {}
    said = {item.name: getattr(options, item.name) for item in fields(options) if item.name != "asked_password"}
    names = [f"--{name.replace('_', '-')}" for name, value in said.items() if value is not None]
    for name in names:
        # "$UNSET" in a script must not end up in the default database.
        if said[name[2:].replace("-", "_")] == "":
            raise UsageError(f"{name} is empty")
    if options.dsn:
        given["dsn"] = "--dsn"
        names.remove("--dsn")
    if names := names + [name for name in _DB_VARIABLES if environ.get(name)]:
        given["db"] = ", ".join(names)
    if names := [name for name in _PG_VARIABLES if environ.get(name)]:
        given["libpq"] = ", ".join(names)
    if environ.get("DATABASE_URL"):
        given["database-url"] = "DATABASE_URL"
    return given


def _conninfo(kind: SourceKind, options: Options, environ: Mapping[str, str], parse_dsn: ParseDsn) -> Mapping[str, str]:
    if kind == "dsn":
        return _parse(options.dsn or "", "--dsn", parse_dsn)
    if kind == "database-url":
        return _parse(environ["DATABASE_URL"], "DATABASE_URL", parse_dsn)
    if kind == "libpq":
        return {}
    said = {
        "host": options.db_host,
        "port": None if options.db_port is None else str(options.db_port),
        "dbname": options.db_name,
        "user": options.db_user,
        "password": options.db_password,
    }
    from_environment = {key: environ[name] for name, key in _DB_VARIABLES.items() if environ.get(name)}
    from_options = {key: value for key, value in said.items() if value is not None}
    return {**_DEFAULTS, **from_environment, **from_options}


def _parse(dsn: str, name: str, parse_dsn: ParseDsn) -> Mapping[str, str]:
    """Read a connection string. The text itself never gets into an error: it may hold a password."""
    dsn = dsn.strip()
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", dsn)
    if scheme:
        base = scheme[1].split("+")[0].lower()
        if base not in ("postgresql", "postgres"):
            raise UsageError(f"{name} is not for PostgreSQL: it begins with {scheme[1]}://", _DSN_HELP)
        dsn = f"{base}://{dsn[scheme.end() :]}"
    elif "=" not in dsn:
        raise UsageError(f"{name} cannot be read as a connection string", _DSN_HELP)
    try:
        conninfo = parse_dsn(dsn)
    except ValueError:
        raise UsageError(f"{name} cannot be read as a connection string", _DSN_HELP) from None
    if scheme and any("@" in conninfo.get(key, "") for key in ("host", "port", "dbname")):
        raise UsageError(f"{name} has an unescaped @ in its password", _DSN_HELP)
    return conninfo


def _check_port(port: str | None) -> None:
    for part in (port or "").split(","):
        if part and not (part.isdecimal() and 1 <= int(part) <= 65535):
            # Not shown: behind an unescaped character it may be a piece of the password.
            raise UsageError("the port is not a number from 1 to 65535")


def _label(kind: SourceKind, conninfo: Mapping[str, str], environ: Mapping[str, str]) -> str:
    known = dict(conninfo)
    if kind == "libpq":
        known = {key: environ[name] for name, key in _PG_VARIABLES.items() if environ.get(name)}
    origin = f"(from {_NAMES[kind]})" if kind in _NAMES else "(documented defaults)"
    if service := known.get("service"):
        return f"service {service} {origin}"
    host = known.get("host") or known.get("hostaddr") or "local socket"
    user, port = known.get("user"), known.get("port") or "5432"
    database = known.get("dbname") or user
    return f"{f'{user}@' if user else ''}{host}:{port}{f'/{database}' if database else ''} {origin}"


def _notes(kind: SourceKind, given: Mapping[SourceKind, str]) -> tuple[str, ...]:
    others = [said for other, said in given.items() if other != kind]
    return (f"connection from {given[kind]}; not used: {'; '.join(others)}",) if others else ()
