"""What a schema holds, as plain text that two installations can be compared by."""

from support import Database

SNAPSHOT = """
select pg_describe_object('pg_class'::regclass, c.oid, 0)
    || coalesce(' ' || (
        select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
            || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), ''), ', ' order by a.attnum)
        from pg_attribute as a
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ), '') || coalesce(' ' || c.relacl::text, '')
    || case c.relkind when 'v' then pg_get_viewdef(c.oid) when 'i' then pg_get_indexdef(c.oid) else '' end as text
from pg_class as c where c.relnamespace = %s::regnamespace
union all
select pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') || coalesce(obj_description(p.oid, 'pg_proc'), '')
from pg_proc as p where p.pronamespace = %s::regnamespace
union all
select k.conname || pg_get_constraintdef(k.oid) from pg_constraint as k where k.connamespace = %s::regnamespace
order by 1
"""


def snapshot(database: Database, schema: str = "maint") -> str:
    """Everything in the schema, with the schema's name taken out."""
    with database.connect(options="-c search_path=pg_catalog") as connection:
        rows = connection.execute(SNAPSHOT.encode(), [schema] * 3).fetchall()
    text = "\n".join(row[0] for row in rows)
    return text.replace(f'"{schema}".', "@.").replace(f"{schema}.", "@.")


def schemas(database: Database) -> set[str]:
    """All schemas but the server's own."""
    rows = database.query(r"select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'")
    return {row["nspname"] for row in rows}
