-- Keeps the list of a table's partitions for the passes to come; see _partition_set. After
-- a pass that did not do what its list said there is none, and the next one makes its own.
create or replace function @extschema@._note_set(p_policy_id bigint, p_state jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_set jsonb := case when p_state ->> 'stop' = 'done' and not p_state ? 'left_out' then p_state -> 'set' end;
    v_noted jsonb := (select n.content from @extschema@._noted_set as n where n.policy_id = p_policy_id);
begin
    if v_set is null and v_noted is not null then
        delete from @extschema@._noted_set as n where n.policy_id = p_policy_id;
    elsif v_set is distinct from v_noted then
        insert into @extschema@._noted_set (policy_id, content) values (p_policy_id, v_set)
        on conflict (policy_id) do update set content = excluded.content;
    end if;
end
$$;
comment on function @extschema@._note_set(bigint, jsonb) is
'Keeps the list of a table''s partitions for the passes to come.';
