-- How many units of an epoch column make a second.
create or replace function @extschema@._epoch_factor(p_epoch_unit text)
returns numeric
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case p_epoch_unit when 's' then 1 when 'ms' then 1e3 when 'us' then 1e6 when 'ns' then 1e9 end::numeric
$$;
comment on function @extschema@._epoch_factor(text) is
'Units per second of an epoch column: s, ms, us, ns.';
