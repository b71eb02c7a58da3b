-- A predicate that does not look behind the place where a scan starts: there a
-- count or a probe would walk over every dead entry of the index.
create or replace function @extschema@._from_start(p_policy @extschema@._policy, p_state jsonb, p_predicate text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        case when s.after is null then '' else format('%I >= %L::%s and ', (p_policy).time_column, s.after, (p_policy).time_type) end
        || p_predicate
    from (
        select
            coalesce(
                case when (p_state ->> 'leaf')::oid = (p_policy).relation_id then coalesce(p_state ->> 'after', p_state ->> 'resume_after') end,
                p_state ->> 'start'
            ) as after
    ) as s
$$;
comment on function @extschema@._from_start(@extschema@._policy, jsonb, text) is
'A predicate that does not look behind the place where a scan stands.';
