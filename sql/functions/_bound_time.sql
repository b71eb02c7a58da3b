-- requires: _epoch_factor
-- The instant of a partition bound as the server prints it (in DateStyle ISO), quoted or bare;
-- infinity stays infinity, MINVALUE and MAXVALUE are null. A wall clock that comes
-- twice is the later instant: all rows before it lie in the past then.
create or replace function @extschema@._bound_time(
    p_literal text,
    p_column_type text,
    p_zone text,
    p_epoch_unit text
)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_literal in ('MINVALUE', 'MAXVALUE') then null
        when p_column_type = 'timestamptz' then trim(p_literal, '''')::timestamptz
        -- A date may be later than any instant.
        when p_column_type = 'date' and trim(p_literal, '''')::date > '294276-12-30'::date then 'infinity'
        when p_column_type in ('timestamp', 'date') then trim(p_literal, '''')::timestamp at time zone p_zone
        when p_column_type in ('integer', 'bigint') then (
            timestamp '1970-01-01'
            + interval '1 second' * trunc(trim(p_literal, '''')::numeric / @extschema@._epoch_factor(p_epoch_unit))::double precision
            + interval '1 microsecond' * trunc(
                trim(p_literal, '''')::numeric % @extschema@._epoch_factor(p_epoch_unit) * 1000000
                / @extschema@._epoch_factor(p_epoch_unit)
            )::double precision
        ) at time zone 'UTC'
    end
$$;
comment on function @extschema@._bound_time(text, text, text, text) is
'The instant of a partition bound.';
