"""Names of schemas and profiles: which are allowed, and how they are written in SQL."""

import re

from pytelemetry_db.errors import UsageError

__all__ = ["DEFAULT_SCHEMA", "quote_identifier", "quote_literal", "validate_profile", "validate_schema"]

DEFAULT_SCHEMA = "maint"
_PROFILES = ("telemetry",)

_ALLOWED = re.compile(r"[a-z_][a-z0-9_]{0,47}")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")

# pg_get_keywords() of PostgreSQL 15 to 18 without the unreserved ones. A word too many only costs two quotation marks.
_KEYWORD_LIST = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
    char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
    json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
    not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
    primary real references returning right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using values varchar
    variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
    xmlparse xmlpi xmlroot xmlserialize xmltable
"""
_KEYWORDS = frozenset(_KEYWORD_LIST.split())


def validate_schema(name: str) -> str:
    """Return ``name`` if our schema may be called that.

    :raises UsageError: naming the rule
    """
    if name.startswith("pg_"):
        raise UsageError(
            f'schema name "{name}" is not allowed', "names that begin with pg_ belong to PostgreSQL", "--schema maint"
        )
    if name == "information_schema" or not _ALLOWED.fullmatch(name):
        raise UsageError(
            f'schema name "{name}" is not allowed',
            "1 to 48 lower-case letters, digits and underscores, not beginning with a digit",
            "--schema maint",
        )
    return name


def validate_profile(name: str) -> str:
    """Return ``name`` if there is a profile of that name.

    :raises UsageError: naming those that there are
    """
    if name not in _PROFILES:
        raise UsageError(f'unknown profile "{name}"', next_step=f"Known profiles: {', '.join(_PROFILES)}.")
    return name


def quote_identifier(name: str) -> str:
    """Write ``name`` as a SQL identifier, in quotation marks only where they are needed."""
    if "\0" in name or not name:
        raise UsageError(f"{name!r} is not a name")
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """Write ``value`` as a SQL string, in a form that may also stand in a dollar-quoted body.

    It means the same whatever ``standard_conforming_strings`` says.
    """
    if "\0" in value:
        raise UsageError("a value contains a NUL character")
    if "\\" in value or "$" in value:
        return "E'" + value.replace("\\", "\\\\").replace("'", "''").replace("$", "\\x24") + "'"
    return "'" + value.replace("'", "''") + "'"
