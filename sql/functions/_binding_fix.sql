-- requires: _time_type, _time_columns, _table_kind
-- What to do about a policy that is not bound to its table: bind it to the
-- table that has its name now (p_namesake) or to the one that it had
-- (p_current), give it another column, or drop it. Proposes only what would
-- work, and no table that another policy claims by oid or by name.
create or replace function @extschema@._binding_fix(p_policy @extschema@._policy, p_current text, p_namesake oid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema name := @extschema@._schema();
    v_stored text := format('%I.%I', (p_policy).schema_name, (p_policy).table_name);
    v_columns name [] := @extschema@._time_columns((p_policy).relation_id);
    v_rival text;
    v_fixes text [];
begin
    select array_agg(format('select %I.rebind(%L);', v_schema, t.name) order by t.position) into v_fixes
    from (
        values (1, p_namesake, v_stored), (2, (p_policy).relation_id, p_current)
    ) as t (position, relation_id, name)
    cross join @extschema@._time_type(t.relation_id, (p_policy).time_column) as c (type)
    where
        (c.type in ('timestamptz', 'timestamp', 'date') or (c.type in ('integer', 'bigint') and (p_policy).epoch_unit is not null))
        and (@extschema@._table_kind(t.relation_id)).kind <> 'refused'
        and not exists (
            select from @extschema@._policy as p
            where
                p.policy_id <> (p_policy).policy_id
                and (p.relation_id = t.relation_id or format('%I.%I', p.schema_name, p.table_name) = t.name)
        );
    if v_fixes is not null then
        return array_to_string(v_fixes, ' -- or, if the policy goes with the other table: ');
    elsif p_current = v_stored and cardinality(v_columns) = 1 then
        return format('select %I.set_policy(%L, p_column => %L);', v_schema, v_stored, v_columns[1]);
    end if;
    select format('%I.%I', p.schema_name, p.table_name) into v_rival
    from @extschema@._policy as p
    where
        p.policy_id <> (p_policy).policy_id
        and (p.relation_id = p_namesake or format('%I.%I', p.schema_name, p.table_name) = p_current)
    order by p.policy_id
    limit 1;
    return format('select %I.drop_policy(%L);', v_schema, v_stored) || case
        when v_rival is not null
            then format(' -- or the other one that claims the table: select %I.drop_policy(%L);', v_schema, v_rival)
        when p_current = v_stored
            then format(' -- or name another column: select %I.set_policy(%L, p_column => ''…'');', v_schema, v_stored)
        else ''
    end;
end
$$;
comment on function @extschema@._binding_fix(@extschema@._policy, text, oid) is
'The statement that decides about a policy that is not bound to its table.';
