-- requires: _identity_guard, _time_type, _qualified_name, _schema
-- Why a policy must not run now: the identity of the database, or a table that
-- is no longer the one the policy was made for. No row when it may run.
create or replace function @extschema@._suspension(p_policy_id bigint)
returns table (guard text, detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        g.guard, g.detail,
        format('select %I.confirm(p_guard => %L, p_reason => ''…'');', @extschema@._schema(), g.guard)
    from @extschema@._identity_guard() as g
    union all
    select
        'binding',
        case
            when b.relation_id = 0 and b.same_name_id is not null
                then format('the policy of %s came with a copy of another database and is not bound to the table here yet', b.stored_name)
            when b.relation_id = 0
                then format('the policy of %s came with a copy of another database, and there is no such table here', b.stored_name)
            when b.current_name is null and b.same_name_id is null
                then format('%s (oid %s) does not exist any more', b.stored_name, b.relation_id)
            when b.current_name is null
                then format('%s is another table than before (oid %s, was %s): dropped and made again, or restored', b.stored_name, b.same_name_id, b.relation_id)
            when b.current_name <> b.stored_name and b.same_name_id is null
                then format('%s was renamed to %s', b.stored_name, b.current_name)
            when b.current_name <> b.stored_name
                then format('%s was renamed to %s, and another table now has the old name', b.stored_name, b.current_name)
            else format('column %I of %s is not of type %s any more', b.time_column, b.stored_name, b.time_type)
        end,
        case
            when b.current_name is null and b.same_name_id is null
                then format('select %I.drop_policy(%L);', @extschema@._schema(), b.stored_name)
            when b.current_name <> b.stored_name and b.same_name_id is not null
                then format(
                    'select %1$I.rebind(%2$L); -- or, if the policy goes with the other table: select %1$I.rebind(%3$L);',
                    @extschema@._schema(), b.stored_name, b.current_name
                )
            else format('select %I.rebind(%L);', @extschema@._schema(), coalesce(b.current_name, b.stored_name))
        end
    from (
        select
            p.relation_id, p.time_column, p.time_type,
            format('%I.%I', p.schema_name, p.table_name) as stored_name,
            @extschema@._qualified_name(p.relation_id) as current_name,
            to_regclass(format('%I.%I', p.schema_name, p.table_name))::oid as same_name_id,
            @extschema@._time_type(p.relation_id, p.time_column) as current_type
        from @extschema@._policy as p
        where p.policy_id = p_policy_id
    ) as b
    where b.current_name is distinct from b.stored_name or b.current_type is distinct from b.time_type
$$;
comment on function @extschema@._suspension(bigint) is
'Why a policy must not run now, with the command that decides it; no row when it may.';
