-- requires: _qualified_name
-- Views and materialized views that use a table itself, by name: as long as they are there, it
-- cannot be dropped. Null when there are none.
create or replace function @extschema@._viewed_by(p_relation_id oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(distinct @extschema@._qualified_name(w.ev_class), ', ')
    from pg_depend as d
    inner join pg_rewrite as w on w.oid = d.objid
    where
        d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = p_relation_id
        and w.ev_class <> p_relation_id
$$;
comment on function @extschema@._viewed_by(oid) is
'Views that use a table itself, by name.';
