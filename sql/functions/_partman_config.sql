-- What pg_partman has stored about a table: its row of part_config, of any version,
-- with the schema and version of the extension; null where it has none. An error
-- where it cannot be seen: "nothing" would be a guess. Called by adopt and hand_back.
create or replace function @extschema@._partman_config(p_relation_id oid)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_extension record;
    v_row jsonb;
begin
    select n.nspname as schema_name, e.extversion as version into v_extension
    from pg_extension as e
    inner join pg_namespace as n on n.oid = e.extnamespace
    where e.extname = 'pg_partman';
    if not found then
        return null;
    end if;
    execute format(
        'select to_jsonb(x) from %I.part_config as x inner join pg_namespace as n on true inner join pg_class as c on c.relnamespace = n.oid where c.oid = $1 and x.parent_table = n.nspname || ''.'' || c.relname',
        v_extension.schema_name
    ) into v_row using p_relation_id;
    return v_row || jsonb_build_object('extension_schema', v_extension.schema_name, 'extension_version', v_extension.version);
exception
    when insufficient_privilege then
        raise exception '% cannot see what pg_partman manages', current_user
            using errcode = 'insufficient_privilege', hint = format(
                'grant usage on schema %1$I to %2$I; grant select, insert, update on %1$I.part_config to %2$I;',
                v_extension.schema_name, current_user
            );
end
$$;
comment on function @extschema@._partman_config(oid) is
'The row of pg_partman''s part_config about a table; null without one.';
