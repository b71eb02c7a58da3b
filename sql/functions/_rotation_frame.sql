-- requires: _lowest_wall_clock
-- Where a policy's partitions lie on the line on which their bounds are compared: for
-- timestamptz and epochs that of instants, on which the grid follows the policy's zone;
-- for timestamp and date the wall clock itself, as if it were UTC, which no clock change
-- disturbs. Returns now and the cutoff on that line, and the zone of its grid.
create or replace function @extschema@._rotation_frame(
    p_policy @extschema@._policy,
    p_now timestamptz,
    p_cutoff timestamptz,
    out zone text,
    out now_at timestamptz,
    out cutoff_at timestamptz
)
language sql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
    select
        case when n.is_naive then 'UTC' else (p_policy).time_zone end,
        case when n.is_naive then (p_now at time zone (p_policy).time_zone) at time zone 'UTC' else p_now end,
        case (p_policy).time_type
            when 'timestamp' then @extschema@._lowest_wall_clock(p_cutoff, (p_policy).time_zone) at time zone 'UTC'
            when 'date' then date_trunc('day', @extschema@._lowest_wall_clock(p_cutoff, (p_policy).time_zone)) at time zone 'UTC'
            else p_cutoff
        end
    from (select (p_policy).time_type in ('timestamp', 'date') as is_naive) as n
$$;
comment on function @extschema@._rotation_frame(@extschema@._policy, timestamptz, timestamptz) is
'Now and the cutoff on the line of a policy''s partition bounds, and the zone of its grid.';
