-- requires: _clock
-- What the holds of a table add to its predicate; null without one. A hold binds
-- by the table's oid and by its name: of two tables it might mean, both keep rows.
-- A row is held unless the condition is false: what is unknown stays.
create or replace function @extschema@._holds_of(p_relation_id oid, p_schema name, p_table name)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(format(' and ((%s) is false)', coalesce(h.condition, 'true')), '' order by h.hold_id)
    from @extschema@._hold as h
    where
        h.released_at is null
        and (h.expires_at is null or h.expires_at > @extschema@._clock())
        and ((h.relation_id = p_relation_id and h.relation_id <> 0) or (h.schema_name, h.table_name) = (p_schema, p_table))
$$;
comment on function @extschema@._holds_of(oid, name, name) is
'What the holds of a table add to its predicate.';
