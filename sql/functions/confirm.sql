-- requires: _confirm_table
-- Decides a guard once: "yes, go on". copy and promotion concern every policy, so
-- p_table stays null for them; the others are those of one table.
create or replace function @extschema@.confirm(
    p_table regclass default null,
    p_guard text default null,
    p_reason text default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_guard record;
begin
    select g.guard, g.detail into v_guard from @extschema@._identity_guard() as g;
    if not found and p_table is not null then
        perform @extschema@._confirm_table(p_table, p_guard, p_reason);
        return;
    elsif not found then
        raise exception 'nothing waits for a confirmation'
            using errcode = 'invalid_parameter_value', hint = 'The view retention shows the state of every policy.';
    elsif p_guard is distinct from v_guard.guard or p_table is not null then
        raise exception 'p_guard is "%", but what waits is "%", which concerns every table: %', coalesce(p_guard, 'null'), v_guard.guard, v_guard.detail
            using errcode = 'invalid_parameter_value',
            hint = format('Say p_guard => %L and leave p_table out.', v_guard.guard);
    elsif coalesce(p_reason, '') ~ '^\s*$' then
        raise exception 'a confirmation needs a reason'
            using errcode = 'invalid_parameter_value', hint = 'Say p_reason => ''…''; it is kept in the log.';
    end if;
    update @extschema@._home as h
    set system_identifier = d.system_identifier, database_oid = d.database_oid, timeline = d.timeline
    from @extschema@._identity() as d;
    if v_guard.guard = 'copy' then
        -- Oids of a restored dump are those of another database: here they are
        -- nobody's, or another table's, and must not lead rebind there.
        update @extschema@._policy as p
        set relation_id = 0, epoch = p.epoch + 1
        where @extschema@._qualified_name(p.relation_id) is distinct from format('%I.%I', p.schema_name, p.table_name);
        update @extschema@._hold as d
        set relation_id = 0
        where @extschema@._qualified_name(d.relation_id) is distinct from format('%I.%I', d.schema_name, d.table_name);
    end if;
    insert into @extschema@._installation_log (action, reason)
    values (format('confirm %s', v_guard.guard), format('%s (%s)', p_reason, v_guard.detail));
end
$$;
comment on function @extschema@.confirm(regclass, text, text) is
'Decides a guard that suspends policies, once, with a reason that is kept.';
