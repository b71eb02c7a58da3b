"""A tiny tree of SQL sources, so that tests of the renderer do not change with every function."""

from pathlib import Path

MIGRATION = "-- Tables.\ncreate table @extschema@._installation (version text not null);\n"
TABLE_TWO = "-- More.\ncreate table @extschema@._second (id bigint);\n"


def function(name: str, requires: str = "", body: str = "select 1") -> str:
    header = f"-- requires: {requires}\n" if requires else ""
    return (
        f"{header}-- Tells one.\ncreate or replace function @extschema@.{name}()\nreturns integer\nlanguage sql\n"
        f"as $$ {body} $$;\ncomment on function @extschema@.{name}() is\n'Tells one.';\n"
    )


def view(name: str, requires: str = "") -> str:
    header = f"-- requires: {requires}\n" if requires else ""
    return (
        f"{header}create or replace view @extschema@.{name} as\nselect 1 as one;\n"
        f"comment on view @extschema@.{name} is\n'One.';\n"
    )


def procedure(name: str, requires: str = "") -> str:
    header = f"-- requires: {requires}\n" if requires else ""
    return (
        f"{header}create or replace procedure @extschema@.{name}()\nlanguage sql\nas $$ $$;\n"
        f"comment on procedure @extschema@.{name} () is\n'Works.';\n"
    )


def make_tree(root: Path, files: dict[str, str] | None = None) -> Path:
    tree = {
        "migrations/0001_create_tables.sql": MIGRATION,
        "migrations/0002_create_more.sql": TABLE_TWO,
        "functions/alpha.sql": function("alpha", requires="omega"),
        "functions/beta.sql": function("beta"),
        "functions/omega.sql": function("omega"),
        "procedures/work.sql": procedure("work"),
        "views/shown.sql": view("shown"),
        "releases.toml": '"0.0.1" = 1\n',
        "grants.sql": "revoke all on schema @extschema@ from public;\n",
        **(files or {}),
    }
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root
