-- requires: _holds_of
-- What a watermark was made for; it is worth nothing for anything else. Null when
-- a policy cannot have one: with a condition, or a hold, rows may expire later.
create or replace function @extschema@._watermark_shape(p_policy @extschema@._policy)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when (p_policy).condition is null and @extschema@._holds_of((p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name) is null
                then format('%s %I %s', (p_policy).relation_id, (p_policy).time_column, (p_policy).time_type)
        end
$$;
comment on function @extschema@._watermark_shape(@extschema@._policy) is
'What a watermark was made for: table, column and type.';
