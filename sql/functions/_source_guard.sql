-- requires: _has_rows_between, _clock
-- Is the newest row of a table expired itself? Then its source stopped, and what a pass
-- removes is the last of it. Null when there are rows that stay, up to a day ahead.
create or replace function @extschema@._source_guard(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    p_expired bigint,
    out detail text
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format('no row is newer than %s: its source stopped, and a pass would remove the last rows there are (about %s)', p_cutoff, p_expired)
    where not @extschema@._has_rows_between(p_policy, p_cutoff, @extschema@._clock() + interval '1 day')
$$;
comment on function @extschema@._source_guard(@extschema@._policy, timestamptz, bigint) is
'Says so when the newest row of a table is expired itself.';
