-- The policy of a table, or the one error that says how to make one. The name
-- counts first, as in every list of policies; then the oid, for a table that
-- was renamed, unless it is an oid of another database.
create or replace function @extschema@._find_policy(p_table regclass)
returns @extschema@._policy
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
begin
    select p.* into v_policy
    from @extschema@._policy as p
    where format('%I.%I', p.schema_name, p.table_name) = @extschema@._qualified_name(p_table::oid);
    if not found then
        select p.* into v_policy
        from @extschema@._policy as p
        where p.relation_id = p_table::oid and not exists (select from @extschema@._identity_guard() as g where g.guard = 'copy');
    end if;
    if not found then
        raise exception 'there is no policy on %', coalesce(@extschema@._qualified_name(p_table::oid), p_table::text)
            using errcode = 'no_data_found',
            hint = 'Make one with set_policy (psql) or "policy set" (command line).';
    end if;
    return v_policy;
end
$$;
comment on function @extschema@._find_policy(regclass) is
'The policy of a table, by name, else by oid; an error when there is none.';
