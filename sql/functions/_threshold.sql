-- The value of a setting as a number, to compare thresholds: sizes in bytes,
-- intervals in seconds, and "off" more than any.
create or replace function @extschema@._threshold(p_kind text, p_value text)
returns numeric
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_value = 'off' then 'infinity'
        when p_kind = 'size' then pg_size_bytes(p_value)::numeric
        when p_kind = 'interval' then extract(epoch from p_value::interval)
        when p_kind in ('integer', 'count') then p_value::numeric
    end
$$;
comment on function @extschema@._threshold(text, text) is
'The value of a setting as a number, to compare thresholds.';
