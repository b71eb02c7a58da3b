-- requires: _health_finding, _health_policies
-- health: rows of managed tables that no policy can ever remove: without a time,
-- or at one in the far future. From the statistics of the planner.
create or replace function @extschema@._health_unexpirable()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when c.hidden then 'unknown'
            when c.null_rows > 0 then 'warning'
            else 'ok'
        end,
        format('%I.%I', c.schema_name, c.table_name),
        case
            when c.hidden then 'the statistics of its time column cannot be read, or are not there'
            else format('about %s rows have no time', c.null_rows)
        end,
        c.null_rows, 'rows', '0', 'estimated', c.age,
        case
            when c.hidden then format('analyze %I.%I;', c.schema_name, c.table_name)
            when c.null_rows > 0 then format('give them a time, or delete them: %I is null', c.time_column)
        end,
        case when c.hidden then 'SHARE UPDATE EXCLUSIVE' else 'manual' end,
        case when c.hidden and not c.may_read then format('SELECT on %I.%I', c.schema_name, c.table_name) end
    )
    from (
        select
            p.schema_name, p.table_name, p.time_column, s.null_frac is null and r.reltuples <> 0 as hidden,
            round(s.null_frac::numeric * greatest(r.reltuples, 0)::numeric) as null_rows,
            has_column_privilege(p.relation_id, a.attnum, 'SELECT') as may_read,
            clock_timestamp() - greatest(pg_stat_get_last_analyze_time(r.oid), pg_stat_get_last_autoanalyze_time(r.oid)) as age
        from @extschema@._health_policies() as p
        inner join pg_class as r on r.oid = p.relation_id
        inner join pg_attribute as a on a.attrelid = p.relation_id and a.attname = p.time_column and not a.attisdropped
        left join pg_stats as s on
            (s.schemaname, s.tablename, s.attname) = (p.schema_name, p.table_name, p.time_column)
            and s.inherited = (r.relkind = 'p')
    ) as c
$$;
comment on function @extschema@._health_unexpirable() is
'health: rows that no policy can ever remove.';
