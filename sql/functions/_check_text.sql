-- The server's text of a check constraint, with constants written so that every
-- session reads them alike: '03/02/2024' is a day in March for one DateStyle
-- and in February for another.
create or replace function @extschema@._check_text(p_constraint_id oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set timezone = 'UTC'
set extra_float_digits = 1
as $$
    select pg_get_expr(c.conbin, c.conrelid) from pg_constraint as c where c.oid = p_constraint_id
$$;
comment on function @extschema@._check_text(oid) is
'The deparsed text of a check constraint, independent of session settings.';
