-- requires: _get_setting
-- Does autovacuum come often enough for what the passes of a policy remove? From
-- the ledger of the last seven days; silent when there is nothing to say. It should
-- come once a day at least, or dead rows pile up faster than they are taken away.
create or replace function @extschema@._autovacuum_findings(p_policy @extschema@._policy)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(
            jsonb_agg(jsonb_build_object(
                'check_id', 'autovacuum', 'level', 'note',
                'detail', format(
                    'autovacuum comes after about %s dead rows, and passes remove about %s a day: once in %s days',
                    round(s.dead_rows), round(s.rows_a_day), round(s.dead_rows / s.rows_a_day)
                ),
                'fix', format(
                    'alter table %I.%I set (autovacuum_vacuum_scale_factor = %s, autovacuum_vacuum_threshold = %s);',
                    (p_policy).schema_name, (p_policy).table_name, 0, greatest(1000, round(s.rows_a_day / 2))
                )
            )),
            '[]'
        )
    from (
        select
            coalesce(o.threshold, current_setting('autovacuum_vacuum_threshold')::numeric)
            + coalesce(o.factor, current_setting('autovacuum_vacuum_scale_factor')::numeric) * c.reltuples::numeric as dead_rows,
            (
                select sum(r.rows) / greatest(extract(epoch from now() - min(r.started_at)) / 86400, 1)
                from @extschema@._run as r
                where r.policy_id = (p_policy).policy_id and r.started_at > now() - interval '7 days'
            ) as rows_a_day
        from pg_class as c
        cross join lateral (
            select
                max(v.option_value) filter (where v.option_name = 'autovacuum_vacuum_threshold')::numeric as threshold,
                max(v.option_value) filter (where v.option_name = 'autovacuum_vacuum_scale_factor')::numeric as factor
            from pg_options_to_table(c.reloptions) as v
        ) as o
        where c.oid = (p_policy).relation_id and c.relkind = 'r' and c.reltuples > 0
    ) as s
    where s.rows_a_day > 0 and s.dead_rows > 2 * s.rows_a_day
$$;
comment on function @extschema@._autovacuum_findings(@extschema@._policy) is
'Does autovacuum come often enough for what the passes of a policy remove?';
