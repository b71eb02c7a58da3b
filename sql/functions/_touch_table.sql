-- requires: _reached
-- Raises the epoch of the policies that a hold binds, under their lock, so that a
-- pass that began without it stops at its next batch. Among them are those whose
-- deletes would reach the held rows over foreign keys.
create or replace function @extschema@._touch_table(p_hold_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy record;
begin
    for v_policy in
        select p.policy_id, p.relation_id
        from @extschema@._policy as p
        inner join @extschema@._hold as h
            on (h.relation_id = p.relation_id and h.relation_id <> 0)
            or (h.schema_name, h.table_name) = (p.schema_name, p.table_name)
            -- Of a table that was detached, and is to be dropped.
            or h.relation_id in (select d.relation_id from @extschema@._detached as d where d.policy_id = p.policy_id and d.dropped_at is null)
            or h.relation_id in (select r.relation_id from @extschema@._reached(p.relation_id) as r where r.is_deleted)
        where h.hold_id = p_hold_id
        order by p.relation_id
    loop
        perform @extschema@._lock_policy(v_policy.relation_id);
        update @extschema@._policy as p
        set epoch = p.epoch + 1
        where p.policy_id = v_policy.policy_id;
    end loop;
end
$$;
comment on function @extschema@._touch_table(bigint) is
'Stops passes that began before a hold was changed.';
