-- requires: _health_finding, _health_policies
-- health: rows of managed tables that no policy removes as it should: without a
-- time, at an infinite one, or at one that is later than tomorrow. From the
-- statistics of the planner; the command looks for the late ones itself.
create or replace function @extschema@._health_unexpirable()
returns setof jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
as $$
declare
    v_table jsonb;
    v_late numeric;
    v_rows numeric;
    v_found text;
begin
    for v_table in
        select to_jsonb(c)
        from (
            select
                p.schema_name, p.table_name, p.time_column, p.time_type, p.now_text, p.late_text,
                s.null_frac is null and r.reltuples <> 0 as hidden,
                round(s.null_frac::numeric * greatest(r.reltuples, 0)::numeric) as null_rows,
                greatest(r.reltuples, 0) as table_rows,
                greatest(1 - s.null_frac - coalesce(m.share, 0), 0) as share,
                s.most_common_vals::text as common_values, s.most_common_freqs as common_shares, s.histogram_bounds::text as bounds,
                has_column_privilege(p.relation_id, a.attnum, 'SELECT') as may_read,
                clock_timestamp() - greatest(pg_stat_get_last_analyze_time(r.oid), pg_stat_get_last_autoanalyze_time(r.oid)) as age
            from @extschema@._health_policies() as p
            inner join pg_class as r on r.oid = p.relation_id
            inner join pg_attribute as a on a.attrelid = p.relation_id and a.attname = p.time_column and not a.attisdropped
            left join pg_stats as s on
                (s.schemaname, s.tablename, s.attname) = (p.schema_name, p.table_name, p.time_column)
                and s.inherited = (r.relkind = 'p')
            left join lateral (select sum(f.share) from unnest(s.most_common_freqs) as f (share)) as m (share) on true
        ) as c
    loop
        v_late := null;
        if not (v_table ->> 'hidden')::boolean then
            -- Values that are common, and as many parts of the histogram as begin after tomorrow, or end there.
            execute format(
                $query$
                    select round(($1 ->> 'table_rows')::numeric * (
                        coalesce((
                            select sum(v.share) from unnest(($1 ->> 'common_values')::text[]::%1$s[], $2) as v (value, share) where v.value > %2$s or v.value = %3$s
                        ), 0)
                        + coalesce((
                            select ($1 ->> 'share')::numeric * count(*) filter (where v.value > %2$s or v.value = %3$s) / nullif(count(*), 0)
                            from unnest(($1 ->> 'bounds')::text[]::%1$s[]) as v (value)
                        ), 0)
                    ))
                $query$,
                v_table ->> 'time_type', v_table ->> 'late_text',
                case when v_table ->> 'time_type' in ('integer', 'bigint') then 'null' else '''-infinity''' end
            ) into v_late using v_table, array(select s.share::numeric from jsonb_array_elements_text(nullif(v_table -> 'common_shares', 'null')) as s (share));
        end if;
        v_rows := (v_table ->> 'null_rows')::numeric + v_late;
        v_found := format('about %s rows have no time, %s an infinite one or one after tomorrow', v_table ->> 'null_rows', v_late);
        return next @extschema@._health_finding(
            case
                when (v_table ->> 'hidden')::boolean then 'unknown'
                when v_rows > 0 then 'warning'
                else 'ok'
            end,
            format('%I.%I', v_table ->> 'schema_name', v_table ->> 'table_name'),
            case
                when (v_table ->> 'hidden')::boolean then 'the statistics of its time column cannot be read, or are not there'
                when v_rows > 0 then v_found || '; no policy removes them in time: the statement makes them as old as now; or delete them'
                else v_found
            end,
            v_rows, 'rows', '0', 'estimated', (v_table ->> 'age')::interval,
            case
                when (v_table ->> 'hidden')::boolean then format('analyze %I.%I;', v_table ->> 'schema_name', v_table ->> 'table_name')
                when v_rows > 0
                    then format(
                        'update %1$I.%2$I set %3$I = %4$s where %3$I is null or %3$I > %5$s%6$s;', v_table ->> 'schema_name', v_table ->> 'table_name',
                        v_table ->> 'time_column', v_table ->> 'now_text', v_table ->> 'late_text',
                        case
                            when v_table ->> 'time_type' in ('integer', 'bigint') then ''
                            else format(' or %I = ''-infinity''', v_table ->> 'time_column')
                        end
                    )
            end,
            case when (v_table ->> 'hidden')::boolean then 'SHARE UPDATE EXCLUSIVE' else 'ROW EXCLUSIVE' end,
            case
                when (v_table ->> 'hidden')::boolean and not (v_table ->> 'may_read')::boolean
                    then format('SELECT on %I.%I', v_table ->> 'schema_name', v_table ->> 'table_name')
            end
        );
    end loop;
end
$$;
comment on function @extschema@._health_unexpirable() is
'health: rows that no policy can ever remove.';
