-- requires: _partitions_of, _partition_name
-- The datetime_string with which pg_partman 4 can tell the partitions of a table apart: it
-- orders them by the time that it reads in their names. Null when none fits all of them. One
-- that is not named so counts to it as the oldest, so it has to be that.
create or replace function @extschema@._partman_format(p_policy @extschema@._policy, p_zone text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select f.format
    from (
        values
        ((p_policy).partition_format, 1),
        (case when (p_policy).partition_interval >= interval '1 day' then 'YYYYMMDD' else 'YYYYMMDD_HH24MISS' end, 2),
        ('YYYY_MM_DD', 3), ('YYYY_MM', 4), ('YYYY', 5), ('YYYY"q"Q', 6), ('IYYY"w"IW', 7), ('YYYY_MM_DD_HH24MI', 8), ('YYYY_MM_DD_HH24MISS', 9)
    ) as f (format, place)
    where
        f.format is not null
        and not exists (
            select
            from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, p_zone, (p_policy).epoch_unit) as p
            where
                not p.is_default
                and case
                    when isfinite(p.lower_at) then p.table_name <> @extschema@._partition_name(
                        (p_policy).table_name, p.lower_at, (p_policy).partition_interval, p_zone, f.format
                    )
                    else true
                end
                and (
                    p.table_name like '%\_p%'
                    or exists (
                        select
                        from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, p_zone, (p_policy).epoch_unit) as o
                        where not o.is_default and o.lower_at < p.lower_at
                    )
                )
        )
    order by f.place
    limit 1
$$;
comment on function @extschema@._partman_format(@extschema@._policy, text) is
'The datetime_string with which pg_partman 4 can tell partitions apart; null when none fits.';
