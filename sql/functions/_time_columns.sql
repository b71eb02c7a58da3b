-- The columns of a table that may tell the age of a row without more being
-- said: those of a time type. (An epoch column is an integer among others.)
create or replace function @extschema@._time_columns(p_relation_id oid)
returns name[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select array_agg(a.attname order by a.attnum)
    from pg_attribute as a
    where
        a.attrelid = p_relation_id and a.attnum > 0 and not a.attisdropped
        and @extschema@._time_type(p_relation_id, a.attname) in ('timestamptz', 'timestamp', 'date')
$$;
comment on function @extschema@._time_columns(oid) is
'The columns of a table that are of a time type, in order; null when there is none.';
