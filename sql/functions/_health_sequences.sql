-- requires: _health_finding, _health_settings, _schema
-- health: sequences near the end of what they, or the column they serve, can
-- hold, by the settings health_sequences and health_sequences_critical. Ours are
-- all bigint and are not looked at: the view locks each sequence that it reads.
create or replace function @extschema@._health_sequences()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when q.last_value is null then 'unknown' when q.percent >= t.critical then 'critical' else 'warning' end,
        format('%I.%I', q.schemaname, q.sequencename),
        case
            when q.last_value is null then 'its value cannot be read'
            else format('%s %% of %s are used%s%s', q.percent, q.most, ' by ' || q.column_name,
                case when q.table_name is not null then '; a new type rewrites the table: to be online, add a column and swap' else '' end)
        end,
        q.percent, '%', t.warning || ' %', 'exact', null,
        case
            when q.last_value is null then format('grant select on sequence %I.%I to %I;', q.schemaname, q.sequencename, current_user)
            else concat_ws(
                ' ', case when q.table_name is not null then format('alter table %s alter column %I type bigint;', q.table_name, q.attname) end,
                format('alter sequence %I.%I as bigint no maxvalue;', q.schemaname, q.sequencename)
            )
        end,
        case when q.last_value is null then 'ACCESS SHARE' else 'ACCESS EXCLUSIVE' end,
        case when q.last_value is null then format('SELECT on %I.%I', q.schemaname, q.sequencename) end
    )
    from (
        select
            s.schemaname, s.sequencename, s.last_value, m.most, round(100.0 * s.last_value / m.most, 1) as percent, o.column_name,
            case when o.most is not null then o.table_name end as table_name, o.attname,
            has_sequence_privilege(c.oid, 'SELECT') or has_sequence_privilege(c.oid, 'USAGE') as may_read
        from pg_sequences as s
        inner join pg_namespace as n on n.nspname = s.schemaname
        inner join pg_class as c on c.relnamespace = n.oid and c.relname = s.sequencename
        left join lateral (
            select
                format('%I.%I', r.relname, a.attname) as column_name, format('%I.%I', m.nspname, r.relname) as table_name, a.attname,
                case a.atttypid when 'smallint'::regtype then 32767 when 'integer'::regtype then 2147483647 end as most
            from pg_depend as d
            inner join pg_class as r on r.oid = d.refobjid
            inner join pg_namespace as m on m.oid = r.relnamespace
            inner join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
        ) as o on true
        cross join lateral (select least(s.max_value, o.most) as most) as m
        where not s.cycle and s.increment_by > 0 and s.schemaname <> @extschema@._schema()
    ) as q
    cross join (
        select (j ->> 'health_sequences')::integer, (j ->> 'health_sequences_critical')::integer
        from @extschema@._health_settings() as j
    ) as t (warning, critical)
    where q.percent > t.warning or q.last_value is null and not q.may_read
$$;
comment on function @extschema@._health_sequences() is
'health: sequences near their end.';
