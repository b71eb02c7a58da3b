-- requires: _table_kind
-- May this role clean this table by this column? One row per finding, level
-- error (refused), warning or note; no row when all is well. Serves set_policy, plan,
-- doctor and the start of every pass, so that they cannot disagree.
create or replace function @extschema@._preflight(
    p_relation_id oid,
    p_time_column name,
    p_epoch_unit text,
    p_role name
)
returns table (check_id text, level text, detail text, fix text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind record;
    v_other text;
begin
    select k.kind, k.reason, k.fix into v_kind from @extschema@._table_kind(p_relation_id) as k;
    if v_kind.kind = 'refused' then
        return query select 'kind', 'error', v_kind.reason, v_kind.fix;
        return;
    end if;
    v_other := @extschema@._other_installation(p_relation_id);
    if v_other is not null then
        return query select
            'installation', 'error',
            format('the installation in schema %I has, or may have, a policy on this table', v_other),
            format('select %I.drop_policy(%L);', v_other, @extschema@._qualified_name(p_relation_id));
    end if;
    return query select c.check_id, c.level, c.detail, c.fix from @extschema@._check_privileges(p_relation_id, p_role) as c;
    return query select c.check_id, c.level, c.detail, c.fix from @extschema@._check_dependents(p_relation_id) as c;
    return query select c.check_id, c.level, c.detail, c.fix from @extschema@._check_references(p_relation_id) as c;
    return query select c.check_id, c.level, c.detail, c.fix from @extschema@._check_index(p_relation_id, p_time_column) as c;
    if p_epoch_unit is not null and has_table_privilege(p_relation_id, 'SELECT') then
        return query select c.check_id, c.level, c.detail, c.fix
        from @extschema@._check_epoch(p_relation_id, p_time_column, p_epoch_unit) as c;
    end if;
end
$$;
comment on function @extschema@._preflight(oid, name, text, name) is
'Everything that keeps a role from cleaning a table, or slows it, with the fix.';
