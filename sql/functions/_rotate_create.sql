-- requires: _create_partition, _fill_partition, _lock_set_gently, _lock_table
-- requires: _bound_time, _rotation_frame, _clock, _cut_cell, _default_rows
-- One step on the way to one new partition; true once it is there. Without rows of its
-- range in the default it is made and attached at once. A few rows move with it, in the
-- same transaction. A big default is proven empty of the range by a CHECK that is added
-- and validated in steps of their own, so that ATTACH does not look through it
-- while it is locked; while the CHECK is there such rows are refused, so only for ranges ahead.
create or replace function @extschema@._rotate_create(
    p_policy @extschema@._policy,
    p_name name,
    p_lower text,
    p_upper text,
    p_last_upper text,
    p_state jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_parent oid := (p_policy).relation_id;
    v_default oid := (select nullif(t.partdefid, 0) from pg_partitioned_table as t where t.partrelid = (p_policy).relation_id);
    v_name text := @extschema@._qualified_name(v_default);
    v_rows bigint;
    v_cut record;
    v_proof record;
    v_ahead boolean;
begin
    if v_default is not null then
        v_rows := @extschema@._default_rows(p_policy, p_lower, p_upper);
        if v_rows > 50000 then
            -- As much of it, from its end, as one transaction moves; the rest is the next step's.
            select c.lower_literal, c.table_name into v_cut from @extschema@._cut_cell(p_policy, v_default, p_lower, p_upper) as c;
            p_lower := coalesce(v_cut.lower_literal, p_lower);
            p_name := coalesce(v_cut.table_name, p_name);
            v_rows := @extschema@._default_rows(p_policy, p_lower, p_upper);
        end if;
        if v_rows > 0 then
            return @extschema@._fill_partition(p_policy, p_name, p_lower, p_upper, v_rows, (p_state #>> '{set,model}')::oid);
        end if;
        select c.convalidated into v_proof from pg_constraint as c where c.conrelid = v_default and c.conname = 'pytelemetry_db_no_rows';
        select @extschema@._bound_time(p_lower, (p_policy).time_type, f.zone, (p_policy).epoch_unit) > f.now_at into v_ahead
        from @extschema@._rotation_frame(p_policy, @extschema@._clock(), @extschema@._clock()) as f;
        if v_proof.convalidated is null and v_ahead and pg_relation_size(v_default) > 8388608 then
            perform @extschema@._lock_set_gently(v_parent, null);
            execute format(
                'alter table %s add constraint pytelemetry_db_no_rows check (not (%2$I is not null and %2$I >= %3$s and %2$I < %4$s)) not valid',
                v_name, (p_policy).time_column, p_lower, p_last_upper
            );
            return jsonb_build_object('proof', true);
        elsif not v_proof.convalidated and p_state ? 'proof' then
            perform @extschema@._lock_set_gently(v_parent, null);
            execute format('alter table %s validate constraint pytelemetry_db_no_rows', v_name);
            return jsonb_build_object();
        end if;
    end if;
    if v_default is not null and not v_ahead and pg_relation_size(v_default) <= 268435456 then
        -- As in _fill_partition: a row of this range may be on its way to the default. A big one takes too long to look through.
        perform @extschema@._lock_set_gently(v_parent, null);
        perform @extschema@._lock_table(v_parent, 'share row exclusive');
    end if;
    return jsonb_build_object('made', @extschema@._create_partition(v_parent, p_name, p_lower, p_upper, (p_state #>> '{set,model}')::oid));
end
$$;
comment on function @extschema@._rotate_create(@extschema@._policy, name, text, text, text, jsonb) is
'One step on the way to one new partition.';
