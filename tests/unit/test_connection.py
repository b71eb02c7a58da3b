"""Every rule about where we connect."""

import traceback
from typing import Any

import pytest

from pytelemetry_db.connection import Options, Source, resolve, variables
from pytelemetry_db.db import parse_dsn
from pytelemetry_db.errors import UsageError

PG = {"PGHOST": "pghost", "PGDATABASE": "pgdb"}
DB = {"DB_HOST": "dbhost"}
URL = {"DATABASE_URL": "postgresql://url_user@urlhost/urldb"}
DEFAULTS = {"host": "localhost", "port": "5432", "dbname": "telemetry", "user": "telemetry"}


def find(environ: dict[str, str] | None = None, **options: Any) -> Source:
    return resolve(Options(**options), environ or {}, parse_dsn)


@pytest.mark.parametrize(
    ("options", "environ", "kind"),
    [
        ({"dsn": "host=h"}, {**DB, **PG, **URL}, "dsn"),
        ({"dsn": "host=h", "db_host": "x"}, {}, "dsn"),
        ({"db_host": "x"}, {**PG, **URL}, "db"),
        ({"db_port": 1}, {**PG, **URL}, "db"),
        ({"db_name": "x"}, {**PG, **URL}, "db"),
        ({"db_user": "x"}, {**PG, **URL}, "db"),
        ({"db_password": "x"}, {**PG, **URL}, "db"),
        ({}, {"DB_PASSWORD": "x", **PG, **URL}, "db"),
        ({}, {**DB, **PG, **URL}, "db"),
        ({}, {**PG, **URL}, "libpq"),
        ({}, {"PGSERVICE": "s", **URL}, "libpq"),
        ({}, {"PGUSER": "u"}, "libpq"),
        ({}, URL, "database-url"),
        ({}, {}, "defaults"),
        # How to connect, but not where.
        ({}, {"PGPASSWORD": "x", "PGSSLMODE": "require", "PGPASSFILE": "/x"}, "defaults"),
        # A variable that is set to nothing is not set.
        ({}, {"PGHOST": "", "DB_HOST": "", "DATABASE_URL": ""}, "defaults"),
    ],
)
def test_one_source_is_chosen_in_the_documented_order(
    options: dict[str, Any], environ: dict[str, str], kind: str
) -> None:
    assert find(environ, **options).kind == kind


def test_the_documented_defaults() -> None:
    source = find()
    assert source.conninfo == DEFAULTS
    assert source.fallback_password == "telemetry"
    assert source.label == "telemetry@localhost:5432/telemetry (documented defaults)"


def test_db_settings_are_filled_from_the_documented_defaults_and_nothing_else() -> None:
    source = find({**PG, **URL, "DB_NAME": "metrics"}, db_host="h")
    assert source.conninfo == {**DEFAULTS, "host": "h", "dbname": "metrics"}
    assert source.label == "telemetry@h:5432/metrics (from --db-* and DB_*)"


def test_options_win_over_variables_of_the_same_source() -> None:
    environ = {f"DB_{name}": "env" for name in ("HOST", "NAME", "USER", "PASSWORD")} | {"DB_PORT": "1"}
    source = find(environ, db_host="h", db_port=2, db_name="n", db_user="u", db_password="p")
    assert source.conninfo == {"host": "h", "port": "2", "dbname": "n", "user": "u", "password": "p"}


def test_the_default_password_is_only_a_last_resort() -> None:
    assert find(DB).fallback_password == "telemetry"
    assert "password" not in find(DB).conninfo
    assert find({**DB, "DB_PASSWORD": "x"}).fallback_password is None
    assert find(PG).fallback_password is None
    assert find(dsn="host=h").fallback_password is None
    assert find(URL).fallback_password is None
    assert find(asked_password="x").fallback_password is None


def test_libpqs_own_settings_are_left_to_libpq() -> None:
    source = find({**PG, "PGUSER": "u"})
    assert source.conninfo == {}
    assert source.hidden == ()
    assert source.label == "u@pghost:5432/pgdb (from PG* variables)"
    assert find({"PGSERVICE": "prod"}).label == "service prod (from PG* variables)"


@pytest.mark.parametrize("source", [find(PG, dsn="dbname=x"), find({**PG, **DB}), find(URL), find()])
def test_variables_of_another_source_are_hidden_from_libpq(source: Source) -> None:
    assert {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"} == set(source.hidden)


@pytest.mark.parametrize(
    ("dsn", "label"),
    [
        ("postgresql://u:p@h:6432/d", "u@h:6432/d"),
        ("postgres://u@h/d", "u@h:5432/d"),
        ("postgresql+psycopg2://u@h/d", "u@h:5432/d"),
        ("host=/run/pg dbname=d", "/run/pg:5432/d"),
        ("hostaddr=10.0.0.1 user=u", "u@10.0.0.1:5432/u"),
        ("host=a,b port=1,2 dbname=d", "a,b:1,2/d"),
        ("service=prod", "service prod"),
        ("dbname=d", "local socket:5432/d"),
    ],
)
def test_a_connection_string_says_where(dsn: str, label: str) -> None:
    assert find(dsn=dsn).label == f"{label} (from --dsn)"
    assert find({"DATABASE_URL": dsn}).label == f"{label} (from DATABASE_URL)"


SECRET = "s3cret"


@pytest.mark.parametrize(
    "dsn",
    [
        SECRET,
        f"{SECRET} {SECRET}",
        f"mysql://u:{SECRET}@h/d",
        f"postgresql://u:{SECRET}@{SECRET}@h/d",
        f"postgresql://u:1/{SECRET}@h/d",
        f"postgresql://u:{SECRET}/{SECRET}@h/d",
        f"host=h port={SECRET}",
        "host=h port=0",
        "host=h port=65536",
        "postgresql://h/d?nonsense=1",
    ],
)
@pytest.mark.parametrize("name", ["--dsn", "DATABASE_URL"])
def test_a_connection_string_that_is_none_is_refused_without_repeating_it(dsn: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(dsn=dsn) if name == "--dsn" else find({name: dsn})
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("option", ["dsn", "db_host", "db_name", "db_user", "db_password"])
def test_an_option_set_to_nothing_does_not_mean_the_defaults(option: str) -> None:
    empty: dict[str, Any] = {option: ""}
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} is empty"):
        find(**empty)


def test_two_sources_are_a_note_that_names_both() -> None:
    assert find(DB).notes == ()
    assert find({**DB, "DB_PORT": "1"}, db_user="u").notes == ()
    [note] = find({**DB, **PG, **URL}, db_user="u").notes
    assert note == "connection from --db-user, DB_HOST; not used: PGHOST, PGDATABASE; DATABASE_URL"
    assert find(dsn="host=h", db_host="x").notes == ("connection from --dsn; not used: --db-host",)


def test_a_password_that_was_asked_for_goes_with_every_source() -> None:
    for source in (
        find(dsn="host=h password=old", asked_password="new"),
        find(PG, asked_password="new"),
        find(DB, asked_password="new"),
    ):
        assert source.conninfo["password"] == "new"
    assert find(PG, asked_password="new").kind == "libpq"


@pytest.mark.parametrize(
    "source",
    [
        find(dsn=f"postgresql://u:{SECRET}@h/d"),
        find({"DATABASE_URL": f"postgresql://u:{SECRET}@h/d"}),
        find({"DB_PASSWORD": SECRET, **PG}),
        find({"DB_PASSWORD": SECRET}, dsn=f"host=h password={SECRET}"),
        find(db_password=SECRET),
        find({"PGPASSWORD": SECRET}),
        find(asked_password=SECRET),
    ],
)
def test_nothing_that_is_printed_holds_a_password(source: Source) -> None:
    assert SECRET not in repr(source)
    assert SECRET not in source.label
    assert SECRET not in " ".join(source.notes)
    assert "'telemetry'" not in repr(source)


def test_options_do_not_show_their_passwords() -> None:
    text = repr(Options(dsn=f"password={SECRET}", db_password=SECRET, asked_password=SECRET))
    assert SECRET not in text


def test_a_source_becomes_the_variables_that_mean_the_same() -> None:
    dsn = "postgresql://me@a:1,b:2/d?sslmode=verify-full&target_session_attrs=read-write"
    assert variables(find(DB, dsn=dsn), {"PGSSLMODE": "disable", "PGCONNECT_TIMEOUT": "5", **PG}) == {
        "PGHOST": "a,b",
        "PGPORT": "1,2",
        "PGDATABASE": "d",
        "PGUSER": "me",
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "read-write",
        "PGCONNECT_TIMEOUT": "5",
    }
    assert variables(find(DB), {"PGSSLMODE": "require", **PG}) == {
        "DB_HOST": "dbhost",
        "DB_PORT": "5432",
        "DB_NAME": "telemetry",
        "DB_USER": "telemetry",
        "PGSSLMODE": "require",
    }
    assert variables(find(PG), {**PG, "PGPASSWORD": "s3cret", "PGPASSFILE": "/mine"}) == PG
    assert "s3cret" not in str(variables(find({"DATABASE_URL": "postgresql://me:s3cret@a/d"}), {}))


@pytest.mark.parametrize(
    ("environ", "dsn", "says"),
    [
        ({}, "host=a keepalives=0", "keepalives of the connection string"),
        ({}, "service=s", "a service cannot be written"),
        ({"PGSERVICE": "s"}, None, "a service cannot be written"),
    ],
)
def test_what_no_variable_says_is_refused(environ: dict[str, str], dsn: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        variables(find(environ, dsn=dsn), environ)
