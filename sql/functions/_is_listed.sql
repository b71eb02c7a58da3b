-- Does an extension (timescaledb, citus, pg_partman) manage this table? Its
-- catalog is read late and only when it exists; a catalog that we may not
-- read counts as "yes", because guessing "no" could remove rows it manages. A set
-- for which pg_partman's automatic maintenance is off is not managed by it.
create or replace function @extschema@._is_listed(p_relation_id oid, p_extension text)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_schema name;
    v_table name;
    v_listed boolean;
begin
    select n.nspname into v_schema
    from pg_extension as e
    inner join pg_namespace as n on n.oid = e.extnamespace
    where e.extname = p_extension;
    if not found then
        return false;
    end if;
    select n.nspname, c.relname into v_schema, v_table
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        n.nspname = case p_extension when 'timescaledb' then '_timescaledb_catalog' when 'citus' then 'pg_catalog' else v_schema end
        and c.relname = case p_extension when 'timescaledb' then 'hypertable' when 'citus' then 'pg_dist_partition' else 'part_config' end;
    if not found then
        return false;
    end if;
    begin
        execute format(
            case p_extension
                when 'timescaledb' then
                    'select exists (select from %1$I.%2$I as x inner join pg_class as c on c.relname = x.table_name inner join pg_namespace as n on n.oid = c.relnamespace and n.nspname = x.schema_name where c.oid = $1)'
                when 'citus' then
                    'select exists (select from %1$I.%2$I as x where x.logicalrelid::oid = $1)'
                else
                    'select exists (select from %1$I.%2$I as x inner join pg_namespace as n on true inner join pg_class as c on c.relnamespace = n.oid where c.oid = $1 and x.parent_table = n.nspname || ''.'' || c.relname and x.automatic_maintenance = ''on'')'
            end,
            v_schema, v_table
        ) into v_listed using p_relation_id;
    exception
        when insufficient_privilege then
            v_listed := p_extension <> 'pg_partman';
    end;
    return v_listed;
end
$$;
comment on function @extschema@._is_listed(oid, text) is
'True when the named extension manages the table.';
