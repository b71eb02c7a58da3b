-- Which share of a table's rows lay before each of some times, as the statistics
-- of the last ANALYZE know, with what they are made of; null without any. Reads
-- catalogs only and locks nothing: the view retention must not wait for a table.
-- p_points are typed constants, as _cutoff_literal makes them.
create or replace function @extschema@._shares(p_policy @extschema@._policy, p_points text[])
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_position text := case
        when (p_policy).time_type in ('integer', 'bigint') then '(%s)::double precision'
        else 'extract(epoch from (%s))::double precision'
    end;
    v_points double precision[];
    v_null_frac double precision;
    v_freqs double precision[];
    v_common double precision[];
    v_bounds double precision[];
    v_bins integer;
    v_shares double precision[];
begin
    execute format('select array[%s]', (select string_agg(format(v_position, p), ', ' order by o) from unnest(p_points) with ordinality as u (p, o)))
    into v_points;
    execute format(
        $q$
        select
            s.null_frac, s.most_common_freqs::double precision[] as freqs,
            (select array_agg(%1$s order by u.o) from unnest(s.most_common_vals::text::%2$s[]) with ordinality as u (v, o)) as common,
            (select array_agg(%1$s order by u.o) from unnest(s.histogram_bounds::text::%2$s[]) with ordinality as u (v, o)) as bounds
        from pg_stats as s
        where s.schemaname = $1 and s.tablename = $2 and s.attname = $3 and s.inherited = $4
        $q$,
        format(v_position, 'u.v'), (p_policy).time_type
    )
    into v_null_frac, v_freqs, v_common, v_bounds
    using (p_policy).schema_name, (p_policy).table_name, (p_policy).time_column,
        (select c.relkind = 'p' from pg_class as c where c.oid = (p_policy).relation_id);
    v_bins := cardinality(v_bounds) - 1;
    if v_null_frac is null or (v_bounds is null and v_common is null) then
        return null;
    end if;
    select array_agg(
        coalesce((select sum(m.freq) from unnest(v_common, v_freqs) as m (v, freq) where m.v < p.x), 0)
        + (1 - v_null_frac - coalesce((select sum(m.freq) from unnest(v_freqs) as m (freq)), 0)) * coalesce(b.share, 0)
        order by p.o
    )
    into v_shares
    from unnest(v_points) with ordinality as p (x, o)
    cross join lateral (select width_bucket(p.x, v_bounds) as i) as w
    cross join lateral (
        select
            case
                when w.i <= 0 then 0
                when w.i > v_bins then 1
                when v_bounds[w.i + 1] = 'infinity' or v_bounds[w.i] = '-infinity' then (w.i - 0.5) / v_bins
                else (w.i - 1 + (p.x - v_bounds[w.i]) / nullif(v_bounds[w.i + 1] - v_bounds[w.i], 0)) / v_bins
            end as share
    ) as b;
    -- ANALYZE looks at 300 rows for each bin; without bins it knew every value.
    return jsonb_build_object('shares', v_shares, 'bins', v_bins, 'looked_at', 300 * greatest(coalesce(v_bins, 0), 100));
end
$$;
comment on function @extschema@._shares(@extschema@._policy, text[]) is
'Which share of the rows lay before each of some times, by the statistics of the last ANALYZE.';
