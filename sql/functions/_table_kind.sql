-- The one place that decides what kind a table is. Kinds we can clean: plain,
-- partitioned, partman (a set of pg_partman's; cleaned like partitioned).
-- Everything else is "refused" with the reason and what to do instead.
create or replace function @extschema@._table_kind(
    p_relation_id oid,
    out kind text,
    out reason text,
    out fix text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_class pg_class;
    v_name text;
begin
    kind := 'refused';
    select c.* into v_class from pg_class as c where c.oid = p_relation_id;
    if not found then
        reason := format('no relation has the oid %s', p_relation_id);
        return;
    end if;
    select format('%I.%I', n.nspname, v_class.relname) into v_name
    from pg_namespace as n where n.oid = v_class.relnamespace;
    if v_class.relkind not in ('r', 'p') then
        reason := format('%s is %s, not a table', v_name, case v_class.relkind
            when 'v' then 'a view'
            when 'm' then 'a materialized view'
            when 'f' then 'a foreign table'
            when 'S' then 'a sequence'
            when 'c' then 'a composite type'
            when 'i' then 'an index'
            when 'I' then 'a partitioned index'
            else 'a TOAST table'
        end);
        fix := 'Name the table that stores the rows.';
    elsif v_class.relnamespace::regnamespace::text in ('pg_catalog', 'information_schema', 'pg_toast') then
        reason := format('%s is a system table', v_name);
    elsif v_class.relpersistence = 't' then
        reason := format('%s is a temporary table', v_name);
    elsif exists (
        select from pg_class as c
        where c.relnamespace = v_class.relnamespace and c.relname = '_installation'
            and obj_description(c.oid, 'pg_class') like '%pytelemetry_db%'
    ) then
        reason := format('%s is in a schema of pytelemetry_db itself', v_name);
    elsif v_class.relispartition then
        reason := format('%s is a partition', v_name);
        fix := format('Name its root: %s.', pg_partition_root(p_relation_id));
    elsif @extschema@._is_listed(p_relation_id, 'timescaledb') then
        reason := format('%s is a TimescaleDB hypertable, which is not supported yet', v_name);
        fix := 'Use drop_chunks until it is.';
    elsif @extschema@._is_listed(p_relation_id, 'citus') then
        reason := format('%s is a Citus distributed table, which is not supported yet', v_name);
    elsif v_class.relkind = 'r' and exists (
        select from pg_inherits as i where p_relation_id in (i.inhparent, i.inhrelid)
    ) then
        reason := format('%s takes part in table inheritance, which is not supported', v_name);
        fix := 'Convert it to declarative partitioning.';
    elsif v_class.relkind = 'p' and exists (
        -- Not by pg_class: there may be a hundred thousand tables, and rarely one of these.
        select from pg_foreign_table as f
        where pg_partition_root(f.ftrelid) = p_relation_id
    ) then
        reason := format('%s has partitions that are foreign tables', v_name);
        fix := 'Detach them, or clean them on the server that stores them.';
    elsif v_class.relkind = 'r' then
        kind := 'plain';
    elsif @extschema@._is_listed(p_relation_id, 'pg_partman') then
        kind := 'partman';
    else
        kind := 'partitioned';
    end if;
end
$$;
comment on function @extschema@._table_kind(oid) is
'What kind a table is, and for refused kinds why and what to do instead.';
