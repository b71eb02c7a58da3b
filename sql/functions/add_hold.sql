-- requires: _parse_condition, _partman_config, _touch_table
-- Keeps rows although they are expired, all of them without a condition. Waits for
-- a running batch; once this has returned, and its transaction is committed, no row
-- that the hold covers goes. A table without a policy can have holds for later ones.
create or replace function @extschema@.add_hold(
    p_table regclass,
    p_condition text default null,
    p_reason text default null,
    p_expires timestamptz default null
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_kind record;
    v_config jsonb;
    v_condition text;
    v_hold_id bigint;
begin
    if p_table is null then
        raise exception 'p_table is null: no table was named' using errcode = 'invalid_parameter_value', hint = 'Say p_table => ''schema.table''.';
    elsif coalesce(p_reason, '') ~ '^\s*$' then
        raise exception 'a hold needs a reason'
            using errcode = 'invalid_parameter_value', hint = 'Say p_reason => ''…'' (command line: --reason); it is kept in the audit.';
    elsif p_expires <= @extschema@._clock() then
        raise exception 'the hold would have expired already, at %', p_expires
            using errcode = 'invalid_parameter_value', hint = 'Say a later time, or leave p_expires (command line: --expires) out: it then lasts until it is released.';
    end if;
    select k.kind, k.reason, k.fix into v_kind from @extschema@._table_kind(p_table::oid) as k;
    if v_kind.kind = 'refused' then
        raise exception '%', v_kind.reason using errcode = 'invalid_parameter_value', hint = coalesce(v_kind.fix, 'Choose another table.');
    end if;
    if v_kind.kind = 'partman' then
        v_config := @extschema@._partman_config(p_table::oid);
        if v_config ->> 'retention' is not null then
            raise exception 'pg_partman removes partitions of % after %, and knows no holds', @extschema@._qualified_name(p_table::oid), v_config ->> 'retention'
                using errcode = 'object_not_in_prerequisite_state',
                hint = format(
                    'update %I.part_config set retention = null where parent_table = %L; -- or take the set over (command line: partition adopt)',
                    v_config ->> 'extension_schema', v_config ->> 'parent_table'
                );
        end if;
    end if;
    v_condition := @extschema@._parse_condition(p_table::oid, p_condition);
    perform @extschema@._lock_policy(p_table::oid);
    insert into @extschema@._hold (relation_id, schema_name, table_name, condition, reason, expires_at)
    select c.oid, n.nspname, c.relname, v_condition, p_reason, nullif(p_expires, 'infinity')
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_table::oid
    returning hold_id into v_hold_id;
    perform @extschema@._touch_table(v_hold_id);
    return v_hold_id;
end
$$;
comment on function @extschema@.add_hold(regclass, text, text, timestamptz) is
'Keeps rows of a table although they are expired; returns the number of the hold.';
