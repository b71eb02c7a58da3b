-- requires: _epoch_factor, _bound_time, _partition_name, _rotation_frame, _clock, _qualified_name
-- Where to cut a cell of which the default holds too many rows for one transaction: the
-- second from which on at most 25,000 of them lie before its end, as writers add to them, and a
-- name for a partition from there. Null when one second has more, or when the default is so big that ATTACH,
-- which looks through it while nobody writes, would take too long. Called by _rotate_create.
create or replace function @extschema@._cut_cell(
    p_policy @extschema@._policy,
    p_default oid,
    p_lower text,
    p_upper text,
    out lower_literal text,
    out table_name name
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set datestyle = 'ISO, YMD'
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_zone text := (select f.zone from @extschema@._rotation_frame(p_policy, @extschema@._clock(), @extschema@._clock()) as f);
begin
    if pg_relation_size(p_default) > 268435456 then
        return;
    end if;
    execute format(
        'select quote_literal(c.at) from (select (%4$s)::%5$s as at from (select %1$I as v from only %2$s where %1$I >= %3$s and %1$I < %6$s order by 1 desc offset 25000 limit 1) as x) as c where c.at < %6$s',
        (p_policy).time_column, @extschema@._qualified_name(p_default), p_lower,
        case
            when (p_policy).time_type in ('integer', 'bigint') then format('(floor(x.v::numeric / %1$s) + 1) * %1$s', @extschema@._epoch_factor((p_policy).epoch_unit))
            when (p_policy).time_type = 'date' then 'x.v + 1'
            else 'date_trunc(''second'', x.v) + interval ''1 second'''
        end,
        (p_policy).time_type, p_upper
    ) into lower_literal;
    table_name := @extschema@._partition_name(
        (p_policy).table_name, @extschema@._bound_time(lower_literal, (p_policy).time_type, v_zone, (p_policy).epoch_unit),
        (p_policy).partition_interval, v_zone, (p_policy).partition_format
    );
end
$$;
comment on function @extschema@._cut_cell(@extschema@._policy, oid, text, text) is
'Where to cut a cell of which the default holds too many rows for one transaction.';
