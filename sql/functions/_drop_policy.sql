-- requires: _end_proof, _is_detached, _qualified_name
-- The work of drop_policy, after the name was resolved by the caller's path.
-- The policy that is listed under the name goes first; see _find_policy.
create or replace function @extschema@._drop_policy(p_relation_id oid, p_table text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_policy @extschema@._policy;
    v_detached text[];
begin
    select p.* into v_policy
    from @extschema@._policy as p
    cross join lateral (
        select
            p_table in (format('%I.%I', p.schema_name, p.table_name), p.schema_name || '.' || p.table_name)
            or format('%I.%I', p.schema_name, p.table_name) is not distinct from @extschema@._qualified_name(p_relation_id) as listed
    ) as n
    where
        n.listed
        or (p.relation_id = p_relation_id and not exists (select from @extschema@._identity_guard() as g where g.guard = 'copy'))
    order by n.listed desc
    limit 1;
    if not found then
        raise exception 'there is no policy on %', p_table
            using errcode = 'no_data_found', hint = 'Name the table with its schema, as the view retention (command line: policy list) does.';
    end if;
    perform @extschema@._lock_policy(v_policy.relation_id);
    if exists (
        select from @extschema@._conversion as c
        inner join pg_class as t on t.oid = c.relation_id
        where c.policy_id = v_policy.policy_id and c.finished_at is null
    ) then
        raise exception 'a conversion of % is under way', p_table
            using errcode = 'object_not_in_prerequisite_state',
            hint = format('Finish or undo it first: call %1$I.convert(%2$L); or call %1$I.convert(%2$L, p_undo => true);', @extschema@._schema(), p_table);
    end if;
    perform @extschema@._end_proof(v_policy);
    delete from @extschema@._detaching as d where d.policy_id = v_policy.policy_id;
    delete from @extschema@._watermark as w where w.policy_id = v_policy.policy_id;
    delete from @extschema@._noted_set as n where n.policy_id = v_policy.policy_id;
    delete from @extschema@._suspended as s where s.policy_id = v_policy.policy_id;
    delete from @extschema@._policy as p where p.policy_id = v_policy.policy_id;
    v_detached := array(
        select @extschema@._qualified_name(d.relation_id)
        from @extschema@._detached as d
        where d.policy_id = v_policy.policy_id and d.dropped_at is null and @extschema@._is_detached(d)
        order by d.detached_id
    );
    if v_detached <> '{}' then
        raise notice '% detached partitions stay, and no pass drops them any more: %', cardinality(v_detached), concat_ws(
            ', ', array_to_string(v_detached[:5], ', '), case when cardinality(v_detached) > 5 then '…' end
        );
    end if;
end
$$;
comment on function @extschema@._drop_policy(oid, text) is
'Removes the policy of a table, by its stored name, else by oid.';
