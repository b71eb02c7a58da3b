-- requires: _has_index
-- How a pass removes rows from one leaf. "range" goes up in time on an index: the
-- cheapest where time follows the heap, or where little is expired. "pages" goes
-- up in the heap: one visit to each page, however its rows lie, also without an
-- index. Below about two expired rows a page the index wins on any heap.
create or replace function @extschema@._choose_strategy(
    p_leaf_id oid,
    p_time_column name,
    p_predicate text,
    p_wish text,
    p_has_watermark boolean,
    out strategy text,
    out reason text,
    out correlation real
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_leaf text := @extschema@._qualified_name(p_leaf_id);
    v_pages bigint := pg_relation_size(p_leaf_id) / current_setting('block_size')::integer;
    v_dead bigint := pg_stat_get_dead_tuples(p_leaf_id);
    v_expired numeric;
    v_plan jsonb;
begin
    strategy := 'pages';
    if not @extschema@._has_index(p_leaf_id, p_time_column) then
        reason := format('no index leads with %I', p_time_column);
        return;
    elsif p_wish <> 'auto' then
        strategy := p_wish;
        reason := 'the policy says so';
        return;
    end if;
    select s.correlation into correlation
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    inner join pg_stats as s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = p_time_column and not s.inherited
    where c.oid = p_leaf_id;
    if not p_has_watermark and v_dead > 100000 and v_dead > 10 * v_pages then
        reason := format('%s dead rows are in the index, and no pass has been past them yet', v_dead);
        return;
    end if;
    strategy := 'range';
    if v_pages < 1000 then
        reason := format('the table is small (%s pages)', v_pages);
        return;
    elsif abs(correlation) >= 0.8 then
        reason := format('time follows the heap (correlation %s)', round(correlation::numeric, 2));
        return;
    end if;
    execute format('explain (format json) select from only %s where %s', v_leaf, p_predicate) into v_plan;
    v_expired := (v_plan #>> '{0,Plan,Plan Rows}')::numeric;
    if correlation is null then
        reason := 'it was never analyzed';
    elsif v_expired <= 2 * v_pages then
        reason := format('few rows are expired: about %s in %s pages', v_expired, v_pages);
    else
        strategy := 'pages';
        reason := format('expired rows are scattered over the heap (correlation %s)', round(correlation::numeric, 2));
    end if;
end
$$;
comment on function @extschema@._choose_strategy(oid, name, text, text, boolean) is
'How a pass removes rows from one leaf: by ranges of time or of pages, and why.';
