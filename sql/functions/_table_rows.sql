-- requires: _leaves
-- Rows of a table as the statistics have them; 0 when they know nothing.
create or replace function @extschema@._table_rows(p_relation_id oid)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sum(greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid), 0)), 0)::bigint
    from @extschema@._leaves(p_relation_id) as l
    inner join pg_class as c on c.oid = l.relation_id
$$;
comment on function @extschema@._table_rows(oid) is
'Rows of a table as the statistics have them.';
