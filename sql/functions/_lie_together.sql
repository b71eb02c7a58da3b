-- requires: _leaves, _qualified_name
-- How many expired rows lie together in the heap, on average: 1 where they are met
-- by chance, more where each page has many of them or none; and the share of pages
-- that have rows at all. By the rows of about 200 pages, whatever the size of the
-- table; null where that says nothing. For the bill: it decides how many pages a
-- pass changes.
create or replace function @extschema@._lie_together(
    p_relation_id oid,
    p_predicate text,
    out together double precision,
    out filled double precision
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_pages bigint := (
        select sum(pg_relation_size(l.relation_id)) / current_setting('block_size')::integer from @extschema@._leaves(p_relation_id) as l
    );
    v_percent double precision;
    v_share double precision;
    v_seen bigint;
    v_expired bigint;
begin
    if v_pages > 0 then
        v_percent := least(100, 20000.0 / v_pages);
        execute format(
            'select count(*), sum(x.expired), avg((x.expired > 0)::integer) from ('
            '    select count(*) filter (where %s) as expired from %s tablesample system (%s) repeatable (1)'
            '    group by tableoid, (ctid::text::point)[0]'
            ') as x',
            p_predicate, @extschema@._qualified_name(p_relation_id), v_percent
        )
        into v_seen, v_expired, v_share;
    end if;
    if v_expired > 0 then
        -- Of n things thrown on pages, 1 - exp(-n / pages) of these get one.
        together := greatest(1, v_expired::double precision / v_seen / -ln(1 - least(v_share, 1 - 0.5 / v_seen)));
        filled := least(1, v_seen / (v_pages * v_percent / 100));
    end if;
end
$$;
comment on function @extschema@._lie_together(oid, text) is
'How many expired rows lie together in the heap, by a sample of its pages.';
