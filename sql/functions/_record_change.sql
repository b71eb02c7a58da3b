-- Trigger of every table that decides what is removed: writes who changed what, with
-- the row before and after. Runs with its owner's rights, because a role that may
-- pause must not be able to write into the audit. The epoch alone is no decision.
create or replace function @extschema@._record_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    v_after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    v_row jsonb := coalesce(v_after, v_before);
begin
    if (v_before - array['epoch', 'changed_at', 'changed_by']) = (v_after - array['epoch', 'changed_at', 'changed_by']) then
        return null;
    end if;
    insert into @extschema@._audit (session_role, acting_role, action, object, table_name, before, after)
    values (
        session_user, coalesce(nullif(current_setting('role'), 'none'), session_user), lower(tg_op),
        case tg_table_name
            when '_policy' then 'policy'
            when '_hold' then 'hold'
            when '_setting_value' then 'setting'
            when '_allowance' then 'confirmation'
            else 'home'
        end,
        coalesce(
            case when v_row ? 'table_name' then format('%I.%I', v_row ->> 'schema_name', v_row ->> 'table_name') end,
            (
                select format('%I.%I', p.schema_name, p.table_name) from @extschema@._policy as p
                where p.policy_id = (v_row ->> 'policy_id')::bigint
            )
        ),
        v_before, v_after
    );
    return null;
end
$$;
comment on function @extschema@._record_change() is
'Writes every decision into the audit.';
