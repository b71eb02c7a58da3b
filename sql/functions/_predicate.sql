-- What "expired" means, and the only place that says it: every count, probe
-- and DELETE repeats this text. NULL is never below the cutoff, -infinity is
-- excluded by name (not by >: for a constant below all others the planner walks over
-- every dead entry of the index), and a condition that is NULL is not true. p_condition is
-- the deparsed text that _parse_condition() returned, never a typed one, and p_holds
-- what _holds_of() made of such texts.
create or replace function @extschema@._predicate(
    p_time_column name,
    p_time_type text,
    p_cutoff_literal text,
    p_condition text,
    p_holds text default null
)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        format('%I < %s', p_time_column, p_cutoff_literal)
        || case when p_time_type in ('integer', 'bigint') then '' else format(' and %I <> ''-infinity''::%s', p_time_column, p_time_type) end
        || case when p_condition is null then '' else format(' and ((%s) is true)', p_condition) end
        || coalesce(p_holds, '')
$$;
comment on function @extschema@._predicate(name, text, text, text, text) is
'The predicate that is true for expired rows, and only for them.';
