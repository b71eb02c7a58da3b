-- requires: _watermark_of, _first_state, _from_start, _holds_of
-- Oldest and newest time of a table, its expired rows if they are few, and how many
-- expire within the next hour: by an index that leads with the time column, from
-- where the last pass left off, and 10,001 rows at most. Beyond that the planner's
-- estimate stands in, where all that it looks at was analyzed, and not with a
-- condition or a hold.
create or replace function @extschema@._measure_times(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    out oldest_at timestamptz,
    out newest_at timestamptz,
    out expired_rows bigint,
    out expired_exact boolean,
    out expiring_per_hour numeric
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
set row_security = off
set enable_seqscan = off
set enable_sort = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_limit constant integer := 10000;
    v_table text := @extschema@._qualified_name((p_policy).relation_id);
    v_column text := quote_ident((p_policy).time_column);
    v_is_epoch boolean := (p_policy).time_type in ('integer', 'bigint');
    v_time text := case
        when (p_policy).time_type in ('integer', 'bigint')
            then format('to_timestamp(%%s / %s)', @extschema@._epoch_factor((p_policy).epoch_unit))
        when (p_policy).time_type = 'timestamptz' then '%s'
        else format('%%s::timestamp at time zone %L', (p_policy).time_zone)
    end;
    v_literal text := @extschema@._cutoff_literal(p_cutoff, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone);
    v_where text := @extschema@._from_start(
        p_policy, @extschema@._first_state(p_policy, null, null),
        @extschema@._predicate(
            (p_policy).time_column, (p_policy).time_type,
            v_literal, null
        )
    );
    v_holds text := @extschema@._holds_of((p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name);
    v_goes text := format('(%s) is true', coalesce((p_policy).condition, 'true')) || coalesce(v_holds, '');
    v_all boolean := (p_policy).condition is null and v_holds is null;
    v_seen bigint;
    v_first text;
    v_next timestamptz;
    v_plan json;
begin
    execute format(
        'select count(*), count(*) filter (where %1$s), (min(%2$s) filter (where %1$s))::text'
        ' from (select * from %3$s where %4$s order by %2$s limit %5$s) as x',
        v_goes, v_column, v_table, v_where, v_limit + 1
    )
    into v_seen, expired_rows, v_first;
    expired_exact := v_seen <= v_limit;
    if not expired_exact then
        expired_rows := null;
        if v_all and not exists (
            select from @extschema@._leaves((p_policy).relation_id) as l
            inner join pg_class as c on c.oid = l.relation_id
            where c.reltuples < 0
        ) then
            execute format('explain (format json) select from %s where %s', v_table, v_where) into v_plan;
            expired_rows := greatest(v_seen, (v_plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
        end if;
    end if;
    if v_first is null and v_all then
        -- Nothing is expired: the oldest row that stays.
        execute format(
            'select x.t::text from (select %1$s as t from %2$s where %1$s >= %3$s order by %1$s limit 1) as x', v_column, v_table,
            v_literal
        )
        into v_first;
    end if;
    if v_first is not null then
        execute format('select ' || v_time, format('%L::%s', v_first, (p_policy).time_type)) into oldest_at;
    end if;
    if (p_policy).time_type <> 'date' then
        -- Of the rows that come next: until an hour is over, or there are enough of them.
        execute format(
            'select count(*), count(*) filter (where %1$s), ' || format(v_time, 'max(x.%2$s)')
            || ' from (select * from %3$s where %2$s >= %4$s and %2$s < %5$s order by %2$s limit %6$s) as x',
            v_goes, v_column, v_table, v_literal,
            @extschema@._cutoff_literal(p_cutoff + interval '1 hour', (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone),
            v_limit
        )
        into v_seen, expiring_per_hour, v_next;
        if v_seen = v_limit then
            expiring_per_hour := round(expiring_per_hour / greatest(extract(epoch from v_next - p_cutoff) / 3600, 0.0001), 1);
        end if;
    end if;
    execute format(
        'select x.t::text from (select %1$s as t from %2$s where %3$s order by %1$s desc limit 1) as x',
        v_column, v_table, case when v_is_epoch then v_column || ' is not null' else format('%s < ''infinity''', v_column) end
    )
    into v_first;
    if v_first is not null then
        execute format('select ' || v_time, format('%L::%s', v_first, (p_policy).time_type)) into newest_at;
    end if;
end
$$;
comment on function @extschema@._measure_times(@extschema@._policy, timestamptz) is
'Oldest and newest time of a table and its expired rows, at a bounded cost.';
