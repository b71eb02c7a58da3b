-- requires: _grid_wall, _epoch_factor
-- A partition bound as the server prints it in the type of the key, so that it reads
-- the same in every session. Used as "for values from (…)". Refuses what the type
-- cannot say: part of a day as a date, an hour that its wall clock shows twice.
create or replace function @extschema@._bound_literal(
    p_bound timestamptz,
    p_column_type text,
    p_zone text,
    p_epoch_unit text
)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_wall timestamp;
    v_units numeric;
begin
    if p_column_type = 'timestamptz' then
        return quote_literal(p_bound);
    end if;
    if p_column_type in ('integer', 'bigint') and isfinite(p_bound) then
        v_units := extract(epoch from p_bound) * @extschema@._epoch_factor(p_epoch_unit);
        if v_units <> trunc(v_units) then
            raise exception 'an epoch in % cannot say %', p_epoch_unit, p_bound using errcode = 'invalid_parameter_value';
        end if;
        -- The server prints an integer bare and a bigint quoted.
        return case p_column_type when 'integer' then trunc(v_units)::text else quote_literal(trunc(v_units)) end;
    end if;
    if p_column_type in ('timestamp', 'date') and not isfinite(p_bound) then
        return quote_literal(p_bound);
    end if;
    if p_column_type not in ('timestamp', 'date') then
        raise exception 'no bound % in a column of type %', p_bound, p_column_type using errcode = 'invalid_parameter_value';
    end if;
    v_wall := @extschema@._grid_wall(p_bound, p_zone);
    if v_wall at time zone p_zone <> p_bound then
        raise exception 'the wall clock of % shows % twice', p_zone, v_wall
            using errcode = 'invalid_parameter_value', hint = 'Use an interval of whole days, or the time zone UTC.';
    end if;
    if p_column_type = 'timestamp' then
        return quote_literal(v_wall);
    end if;
    if v_wall <> date_trunc('day', v_wall) then
        raise exception 'a date cannot say %', v_wall
            using errcode = 'invalid_parameter_value', hint = 'Use an interval of whole days.';
    end if;
    return quote_literal(v_wall::date);
end
$$;
comment on function @extschema@._bound_literal(timestamptz, text, text, text) is
'A partition bound as a literal of the key''s type.';
