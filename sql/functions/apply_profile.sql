-- requires: set_policy
-- Sets the documented policies of a profile for those of its tables that
-- exist. A policy that is already there is kept as it is.
create or replace function @extschema@.apply_profile(
    p_profile text,
    p_time_zone text default null,
    p_table_schema name default 'public'
)
returns table (table_name text, action text, detail text, fix text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry record;
    v_relation regclass;
begin
    if p_profile is distinct from 'telemetry' then
        raise exception 'unknown profile "%"', p_profile
            using errcode = 'invalid_parameter_value', hint = 'Known profiles: telemetry.';
    end if;
    for v_entry in
        select v.name, v.time_column, v.keep, v.condition
        from (
            values
            ('events_seen', 'created_at', interval '7 days', null),
            ('agg_1m', 'window_start_ts', interval '90 days', null),
            ('alerts', 'created_at', interval '30 days', 'resolved_at is not null')
        ) as v (name, time_column, keep, condition)
    loop
        table_name := format('%I.%I', p_table_schema, v_entry.name);
        fix := null;
        v_relation := to_regclass(table_name);
        if v_relation is null then
            action := 'absent';
            detail := 'no such table; nothing to do';
        elsif exists (
            select from @extschema@._policy as p
            where p.relation_id = v_relation::oid and (p.schema_name, p.table_name) = (p_table_schema, v_entry.name::name)
        ) then
            action := 'kept';
            detail := 'has a policy already; it was not changed';
        else
            begin
                perform @extschema@.set_policy(
                    p_table => v_relation, p_keep => v_entry.keep, p_column => v_entry.time_column::name,
                    p_condition => v_entry.condition, p_time_zone => p_time_zone
                );
                action := 'set';
                detail := format('keep %s by %s', v_entry.keep, v_entry.time_column)
                    || coalesce(', where ' || v_entry.condition, '');
            exception
                when invalid_parameter_value or object_not_in_prerequisite_state or insufficient_privilege then
                    action := 'refused';
                    get stacked diagnostics detail = message_text, fix = pg_exception_hint;
            end;
        end if;
        return next;
    end loop;
end
$$;
comment on function @extschema@.apply_profile(text, text, name) is
'Sets the documented policies for those tables of a profile that exist.';
