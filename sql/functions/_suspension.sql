-- requires: _identity_guard, _binding_guard, _schema
-- Why a policy must not run now: the identity of the database, a table that is no
-- longer the one the policy was made for, or what a guard found before the last pass. No row when it may run. Of two
-- guards the one that is decided first sorts last: order by guard desc limit 1.
create or replace function @extschema@._suspension(p_policy_id bigint)
returns table (guard text, detail text, fix text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        g.guard, g.detail,
        format('select %I.confirm(p_guard => %L, p_reason => ''…'');', @extschema@._schema(), g.guard)
    from @extschema@._identity_guard() as g
    union all
    select
        'binding',
        b.detail,
        b.fix
    from @extschema@._binding_guard(p_policy_id) as b
    union all
    -- What was found in the table is news only as long as it is that table.
    select
        s.guard, s.detail,
        format(
            'select %I.confirm(%L, %L, ''…'');', @extschema@._schema(), format('%I.%I', p.schema_name, p.table_name), s.guard
        )
    from @extschema@._suspended as s
    inner join @extschema@._policy as p on p.policy_id = s.policy_id
    where
        s.policy_id = p_policy_id
        and not exists (select from @extschema@._identity_guard())
        and not exists (select from @extschema@._binding_guard(p_policy_id));
end
$$;
comment on function @extschema@._suspension(bigint) is
'Why a policy must not run now, with the command that decides it; no row when it may.';
