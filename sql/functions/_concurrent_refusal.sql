-- requires: _removal_rule
-- Why a partition of a policy is detached under a lock and not concurrently: the server
-- cannot, or its rows have to be looked through under that lock. Null when it can be.
create or replace function @extschema@._concurrent_refusal(p_policy @extschema@._policy, p_partition oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when r.rule <> 'bound' then format('its rows are looked through: %s', r.reason)
        when t.partdefid <> 0 then 'the table has a default partition'
        when exists (select from pg_constraint as k where k.conrelid = t.partrelid and k.contype = 'f') then 'the table has foreign keys'
        when
            (p_policy).time_type not in ('integer', 'bigint')
            and pg_get_expr(c.relpartbound, 0) like any (array['FOR VALUES FROM (MINVALUE)%', 'FOR VALUES FROM (''-infinity'')%'])
            then 'it has no lower bound, and rows without a time would be in it'
    end
    from pg_partitioned_table as t
    inner join pg_class as c on c.oid = p_partition
    cross join lateral @extschema@._removal_rule(p_policy) as r
    where t.partrelid = (p_policy).relation_id
$$;
comment on function @extschema@._concurrent_refusal(@extschema@._policy, oid) is
'Why a partition of a policy is detached under a lock and not concurrently.';
