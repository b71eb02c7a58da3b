-- requires: _suspension, _partition_key, _table_kind, _subpartition
-- Why a rotation of a policy must not even begin: suspended, paused, or a table whose
-- partitions we cannot change or somebody else does. Null when it may begin. Asked
-- again before each step that changes one.
create or replace function @extschema@._rotation_refusal(p_policy @extschema@._policy)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason record;
    v_key record;
    v_name text := @extschema@._qualified_name((p_policy).relation_id);
    v_sub text := @extschema@._subpartition((p_policy).relation_id);
begin
    select s.detail, s.fix into v_reason from @extschema@._suspension((p_policy).policy_id) as s order by s.guard desc limit 1;
    if found then
        return jsonb_build_object('stop', 'suspended', 'detail', v_reason.detail, 'fix', v_reason.fix);
    end if;
    if (p_policy).paused_at is not null then
        return jsonb_build_object('stop', 'paused', 'detail', @extschema@._pause_text(p_policy));
    end if;
    select k.column_name, k.problem into v_key from @extschema@._partition_key((p_policy).relation_id) as k;
    if v_key.problem is not null or v_key.column_name <> (p_policy).time_column then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '55000',
            'message', coalesce(v_key.problem, format('%s is partitioned by %I, and the policy goes by %I', v_name, v_key.column_name, (p_policy).time_column)),
            'fix', 'Set the policy again, with a p_partition_interval of 0 to end its rotation.'
        );
    end if;
    select k.kind, k.reason, k.fix into v_reason from @extschema@._table_kind((p_policy).relation_id) as k;
    if v_reason.kind = 'refused' or (v_reason.kind = 'partman' and (p_policy).managed_by = 'us') then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '55000',
            'message', coalesce(v_reason.reason, format('%s is a set of pg_partman''s, and two must not both make its partitions', v_name)),
            'fix', coalesce(v_reason.fix, 'Take it over (partition adopt), or say p_managed_by => ''observe''.')
        );
    end if;
    if v_sub is not null and (p_policy).managed_by = 'us' then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '55000', 'message', format('%s of %s is partitioned itself', v_sub, v_name),
            'fix', 'Detach it, or set the policy again with a p_partition_interval of 0 to have rows deleted.'
        );
    end if;
    if
        not (
            has_table_privilege(format('%I._detached', @extschema@._schema()), 'INSERT') and has_table_privilege(format('%I._detached', @extschema@._schema()), 'UPDATE')
            and has_table_privilege(format('%I._detaching', @extschema@._schema()), 'INSERT') and has_table_privilege(format('%I._detaching', @extschema@._schema()), 'UPDATE')
            and has_table_privilege(format('%I._detaching', @extschema@._schema()), 'DELETE')
        )
    then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '42501',
            'message', format('role %s may not write the ledger of what may be dropped', current_user),
            'fix', format('Let %s rotate: it owns schema %I.', (
                select n.nspowner::regrole from pg_namespace as n where n.nspname = @extschema@._schema()
            ), @extschema@._schema())
        );
    end if;
    if
        exists (select from pg_roles as r where r.rolname = current_user and r.rolsuper)
        and exists (
            select from pg_class as c
            inner join pg_roles as r on r.oid = c.relowner
            where c.oid = (p_policy).relation_id and not r.rolsuper
        )
    then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '42501',
            'message', format('role %s is a superuser and the owner of %s is not', current_user, v_name),
            'fix', (select format('set role %I; -- then again', r.rolname) from pg_class as c inner join pg_roles as r on r.oid = c.relowner where c.oid = (p_policy).relation_id)
        );
    end if;
    return null;
end
$$;
comment on function @extschema@._rotation_refusal(@extschema@._policy) is
'Why a rotation of a policy must not begin, as the state it ends with; null when it may.';
