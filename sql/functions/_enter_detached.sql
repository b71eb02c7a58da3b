-- requires: _unused_name
-- Enters a table that has just been detached into the ledger of what may be dropped, moves it
-- first where the policy says so, and counts it in the run. The only way into that ledger.
create or replace function @extschema@._enter_detached(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_relation_id oid,
    p_lower text,
    p_upper text,
    p_rows bigint,
    p_drop_after timestamptz
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_schema name;
    v_name name;
    v_free name;
    v_item record;
    v_number integer := 0;
begin
    select n.nspname, c.relname into strict v_schema, v_name
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation_id;
    if (p_policy).partition_remove = 'move' and v_schema <> (p_policy).detached_schema then
        loop
            v_free := @extschema@._unused_name((p_policy).detached_schema, v_name, case v_number when 0 then '' else format('_%s', v_number) end);
            exit when v_free = v_name or @extschema@._unused_name(v_schema, v_free, '') = v_free;
            v_number := v_number + 1;
        end loop;
        -- What goes with it must not meet its like there.
        for v_item in
            select case c.relkind when 'S' then 'sequence' else 'index' end as kind, c.relname as name
            from pg_class as c
            where
                c.relnamespace = (select n.oid from pg_namespace as n where n.nspname = v_schema)
                and exists (
                    select from pg_class as o
                    inner join pg_namespace as n on n.oid = o.relnamespace
                    where n.nspname = (p_policy).detached_schema and o.relname = c.relname
                )
                and (
                    exists (select from pg_index as i where i.indexrelid = c.oid and i.indrelid = p_relation_id)
                    or exists (
                        select from pg_depend as d
                        where
                            d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
                            and d.refobjid = p_relation_id and d.deptype in ('a', 'i') and c.relkind = 'S'
                    )
                )
        loop
            v_number := 1;
            while
                @extschema@._unused_name((p_policy).detached_schema, v_item.name, format('_%s', v_number))
                <> @extschema@._unused_name(v_schema, v_item.name, format('_%s', v_number))
            loop
                v_number := v_number + 1;
            end loop;
            execute format(
                'alter %s %I.%I rename to %I', v_item.kind, v_schema, v_item.name,
                @extschema@._unused_name(v_schema, v_item.name, format('_%s', v_number))
            );
        end loop;
        if v_free <> v_name then
            execute format('alter table %I.%I rename to %I', v_schema, v_name, v_free);
        end if;
        execute format('alter table %I.%I set schema %I', v_schema, v_free, (p_policy).detached_schema);
        v_schema := (p_policy).detached_schema;
        v_name := v_free;
    end if;
    -- Detached before and attached again: what was said then does not count any more.
    update @extschema@._detached as d set dropped_at = clock_timestamp() where d.relation_id = p_relation_id and d.dropped_at is null;
    insert into @extschema@._detached (
        policy_id, parent_schema, parent_table, relation_id, schema_name, table_name, lower_bound, upper_bound, run_id, drop_after
    )
    values (
        (p_policy).policy_id, (p_policy).schema_name, (p_policy).table_name, p_relation_id, v_schema, v_name,
        p_lower, p_upper, (p_run).run_id, p_drop_after
    );
    update @extschema@._run as r
    set rows = r.rows + p_rows, batches = r.batches + 1, partitions_removed = r.partitions_removed + 1, heartbeat_at = clock_timestamp()
    where r.run_id = (p_run).run_id;
end
$$;
comment on function @extschema@._enter_detached(
    @extschema@._run, @extschema@._policy, oid, text, text, bigint, timestamptz
) is
'Enters a table that has just been detached into the ledger of what may be dropped.';
