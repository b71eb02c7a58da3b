-- requires: _watermark_of, _epoch_factor
-- What checks have to know of the policies, for those that run with the rights of
-- a reader. "now_text" is the present as an expression in the terms of the time
-- column, "late_text" the same a day from now; "watermark" is the time before which
-- passes left nothing. Runs with its owner's rights, takes no argument and only reads.
create or replace function @extschema@._health_policies()
returns table (
    relation_id oid,
    schema_name name,
    table_name name,
    time_column name,
    max_size bigint,
    time_type text,
    now_text text,
    late_text text,
    watermark text
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        p.relation_id, p.schema_name, p.table_name, p.time_column, p.max_size, p.time_type,
        format(t.moment, 'now()'), format(t.moment, 'now() + interval ''1 day'''), (@extschema@._watermark_of(p)).after
    from @extschema@._policy as p
    cross join lateral (
        select case p.time_type
            when 'timestamptz' then '(%s)'
            when 'timestamp' then format('(%%s) at time zone %L', p.time_zone)
            when 'date' then format('((%%s) at time zone %L)::date', p.time_zone)
            else format('(extract(epoch from %%s) * %s)::%s', @extschema@._epoch_factor(p.epoch_unit), p.time_type)
        end
    ) as t (moment)
$$;
comment on function @extschema@._health_policies() is
'What checks have to know of the policies, for readers of the view health.';
