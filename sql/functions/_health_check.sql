-- requires: _health_finding, _schema
-- Runs one check and gives its findings their form. A check that fails, or waits for
-- a lock, is unknown with the reason, and the others go on; one that finds nothing
-- is ok. A cancel is not caught: it is the caller's, as is the time budget.
create or replace function @extschema@._health_check(p_check text, p_fine text)
returns table (
    status text,
    object text,
    value numeric,
    unit text,
    threshold text,
    method text,
    statistics_age interval,
    detail text,
    remediation text,
    lock_level text,
    privileges_missing text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set jit = off
rows 3
set lock_timeout = '100 ms'
as $$
declare
    v_found jsonb[];
begin
    begin
        execute format('select array_agg(f) from %I.%I() as f', @extschema@._schema(), '_health_' || p_check) into v_found;
        v_found := coalesce(v_found, array[@extschema@._health_finding('ok', null, p_fine)]);
    exception
        when others then
            v_found := array[
                @extschema@._health_finding(
                    'unknown', null, format('the check failed: %s (SQLSTATE %s)', sqlerrm, sqlstate), p_method => null,
                    p_privileges_missing => case when sqlstate = '42501' then sqlerrm end
                )
            ];
    end;
    return query
    select r.status, r.object, r.value, r.unit, r.threshold, r.method, r.statistics_age, r.detail, r.remediation, r.lock_level,
        r.privileges_missing
    from unnest(v_found) as f (finding)
    cross join jsonb_to_record(f.finding) as r (
        status text, object text, value numeric, unit text, threshold text, method text, statistics_age interval, detail text,
        remediation text, lock_level text, privileges_missing text
    );
end
$$;
comment on function @extschema@._health_check(text, text) is
'Runs one check of health and gives its findings their form.';
