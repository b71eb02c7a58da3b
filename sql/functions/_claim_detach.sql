-- requires: _qualified_name
-- What a pass has asked this session to detach, as the statement to send by itself, outside
-- a transaction; nothing when nobody asks or the partition has another name by now. From here on
-- a statement of the session has as long as the pass gives it; _end_detach sets that back.
create or replace function @extschema@._claim_detach(p_detacher text)
returns table (relation_id oid, statement text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry @extschema@._detaching;
begin
    select d.* into v_entry
    from @extschema@._detaching as d
    where d.detacher = p_detacher and d.claimed_at is null and d.give_up_at > clock_timestamp()
    order by d.asked_at
    limit 1
    for update;
    if not found then
        return;
    end if;
    select i.inhrelid, format('alter table %s detach partition %s concurrently', @extschema@._qualified_name(i.inhparent), x.name)
    into relation_id, statement
    from pg_inherits as i
    cross join lateral (select @extschema@._qualified_name(i.inhrelid) as name) as x
    where i.inhrelid = v_entry.relation_id and x.name = format('%I.%I', v_entry.schema_name, v_entry.table_name);
    if not found then
        return;
    end if;
    update @extschema@._detaching as d set claimed_at = clock_timestamp() where d.relation_id = v_entry.relation_id;
    perform set_config('lock_timeout', '0', false);
    perform set_config(
        'statement_timeout', greatest(ceil(extract(epoch from v_entry.give_up_at - clock_timestamp()) * 1000), 1)::text, false
    );
    return next;
end
$$;
comment on function @extschema@._claim_detach(text) is
'What a pass has asked this session to detach, as the statement to send.';
