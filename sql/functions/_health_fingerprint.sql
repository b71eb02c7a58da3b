-- By what a finding is known again: the check and what it is about, not how bad it is.
create or replace function @extschema@._health_fingerprint(p_check text, p_object text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select left(md5(format('%s %s', p_check, p_object)), 12)
$$;
comment on function @extschema@._health_fingerprint(text, text) is
'By what a finding of health is known again.';
