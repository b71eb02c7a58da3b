-- requires: _leaves
-- Rows that were inserted into a table or updated so far, as its statistics know:
-- has anybody written while a pass was at work?
create or replace function @extschema@._writes(p_relation_id oid)
returns numeric
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sum(pg_stat_get_tuples_inserted(l.relation_id) + pg_stat_get_tuples_updated(l.relation_id)), 0)
    from @extschema@._leaves(p_relation_id) as l
$$;
comment on function @extschema@._writes(oid) is
'Rows that were inserted into a table or updated so far.';
