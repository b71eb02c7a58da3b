-- requires: _partition_key, _bound_at
-- The partitions of a table with their bounds, as the catalog has them: one query,
-- which locks none of them. Bounds are literals as the server prints them, and instants (for
-- a naive type the wall clock in p_zone); MINVALUE and MAXVALUE count as infinite. The
-- default has no bounds. Oldest first, the default last. p_only: no others than these.
create or replace function @extschema@._partitions_of(
    p_parent oid,
    p_time_type text default null,
    p_zone text default 'UTC',
    p_epoch_unit text default null,
    p_only oid[] default null
)
returns table (
    relation_id oid,
    schema_name name,
    table_name name,
    relation_kind text,
    lower_literal text,
    upper_literal text,
    lower_at timestamptz,
    upper_at timestamptz,
    is_default boolean,
    detach_pending boolean,
    pages bigint,
    row_estimate real
)
language sql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
    with key as (
        select coalesce(p_time_type, (select k.time_type from @extschema@._partition_key(p_parent) as k)) as time_type
    ),
    -- Materialized, and the offset: or a bound would be printed and taken apart for each mention of it.
    bounds as materialized (
        select
            c.oid as relation_id, n.nspname as schema_name, c.relname as table_name, c.relkind::text as relation_kind, i.inhdetachpending as detach_pending,
            c.relpages::bigint as pages, c.reltuples as row_estimate,
            -- FOR VALUES FROM (…) TO (…), where no literal of a time has that in it; a pattern would take most of the time.
            case when e.bound like 'FOR VALUES FROM (%' then split_part(substr(e.bound, 18), ') TO (', 1) end as lower_literal,
            case when e.bound like 'FOR VALUES FROM (%' then rtrim(split_part(e.bound, ') TO (', 2), ')') end as upper_literal
        from pg_inherits as i
        inner join pg_class as c on c.oid = i.inhrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        -- Bounds have no columns in them; naming the relation would have the server look for it.
        cross join lateral (select pg_get_expr(c.relpartbound, 0) as bound offset 0) as e
        where i.inhparent = p_parent and c.relispartition and (p_only is null or i.inhrelid = any(p_only))
    )
    select
        b.relation_id, b.schema_name, b.table_name, b.relation_kind, b.lower_literal, b.upper_literal,
        -- What _bound_at says, for most without the price of a call; there may be thousands.
        case
            when b.lower_literal is null or b.lower_literal not like '''%' or k.time_type in ('integer', 'bigint', 'date')
                then @extschema@._bound_at(b.lower_literal, k.time_type, p_zone, p_epoch_unit)
            when k.time_type = 'timestamptz' then trim(b.lower_literal, '''')::timestamptz
            else trim(b.lower_literal, '''')::timestamp at time zone p_zone
        end as lower_at,
        case
            when b.upper_literal is null or b.upper_literal not like '''%' or k.time_type in ('integer', 'bigint', 'date')
                then @extschema@._bound_at(b.upper_literal, k.time_type, p_zone, p_epoch_unit)
            when k.time_type = 'timestamptz' then trim(b.upper_literal, '''')::timestamptz
            else trim(b.upper_literal, '''')::timestamp at time zone p_zone
        end as upper_at,
        b.lower_literal is null as is_default,
        b.detach_pending, b.pages, b.row_estimate
    from bounds as b
    cross join key as k
    order by is_default, lower_at, b.relation_id
$$;
comment on function @extschema@._partitions_of(oid, text, text, text, oid[]) is
'The partitions of a table with their bounds, without a lock on any of them.';
