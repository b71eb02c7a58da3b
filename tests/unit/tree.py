"""A tiny tree of SQL sources, so that tests of the renderer do not change with every function."""

from pathlib import Path

MIGRATION = "-- Tables.\ncreate table @extschema@._installation (version text not null);\n"
TABLE_TWO = "-- More.\ncreate table @extschema@._second (id bigint);\n"


def function(name: str, requires: str = "", body: str = "select 1") -> str:
    header = f"-- requires: {requires}\n" if requires else ""
    return (
        f"{header}-- Tells one.\ncreate or replace function @extschema@.{name}()\nreturns integer\nlanguage sql\n"
        f"as $$ {body} $$;\ncomment on function @extschema@.{name}() is 'Tells one.';\n"
    )


def view(name: str, requires: str = "") -> str:
    header = f"-- requires: {requires}\n" if requires else ""
    return f"{header}create or replace view @extschema@.{name} as\nselect 1 as one;\n"


def procedure(name: str, requires: str = "") -> str:
    header = f"-- requires: {requires}\n" if requires else ""
    return f"{header}create or replace procedure @extschema@.{name}()\nlanguage sql\nas $$ $$;\n"


def make_tree(root: Path, files: dict[str, str] | None = None) -> Path:
    tree = {
        "migrations/0001_create_tables.sql": MIGRATION,
        "migrations/0002_create_more.sql": TABLE_TWO,
        "functions/alpha.sql": function("alpha", requires="omega"),
        "functions/beta.sql": function("beta"),
        "functions/omega.sql": function("omega"),
        "procedures/work.sql": procedure("work"),
        "views/shown.sql": view("shown"),
        "grants.sql": "revoke all on schema @extschema@ from public;\n",
        **(files or {}),
    }
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root
