-- The zone that sessions of this database start with: what writers of a column
-- without time zone most likely used. Not the zone of the session that asks.
create or replace function @extschema@._default_time_zone()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select s.reset_val from pg_settings as s where s.name = 'TimeZone'
$$;
comment on function @extschema@._default_time_zone() is
'The time zone that sessions start with.';
