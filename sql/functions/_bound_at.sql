-- requires: _bound_time, _epoch_factor
-- A partition bound on the line on which bounds are compared: _bound_time, with
-- MINVALUE and MAXVALUE as infinities, and numbers that are no time of this world too.
create or replace function @extschema@._bound_at(p_literal text, p_time_type text, p_zone text, p_epoch_unit text)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_literal = 'MINVALUE' then '-infinity'
        when p_literal = 'MAXVALUE' then 'infinity'
        when p_time_type in ('integer', 'bigint') and abs(trim(p_literal, '''')::numeric) > 200000000000 * @extschema@._epoch_factor(p_epoch_unit)
            then case when p_literal like '%-%' then '-infinity' else 'infinity' end::timestamptz
        else @extschema@._bound_time(p_literal, p_time_type, p_zone, p_epoch_unit)
    end
$$;
comment on function @extschema@._bound_at(text, text, text, text) is
'A partition bound as an instant, endless ones as infinities.';
