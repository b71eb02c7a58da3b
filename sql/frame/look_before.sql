-- What differs from the record, seen as the installed release saw it when it wrote
-- the record: the release that comes may look in another way. Without its code, or
-- when somebody broke that, nothing can be said here; verify --deep can.
do $$
declare
    v_drift jsonb;
begin
    if to_regprocedure(format('%I._fingerprints(name)', current_setting('pytelemetry_db.schema'))) is not null then
        select jsonb_agg(d) into v_drift
        from (
            select coalesce(r.kind, n.kind) as kind, coalesce(r.identity, n.identity) as identity, coalesce(r.aspect, n.aspect) as aspect
            from @extschema@._object as r
            full join @extschema@._fingerprints(current_setting('pytelemetry_db.schema')::name) as n
                on n.kind = r.kind and n.identity = r.identity and n.aspect = r.aspect
            where r.fingerprint is distinct from n.fingerprint
        ) as d;
    end if;
    perform set_config('pytelemetry_db.drift', coalesce(v_drift, '[]')::text, true);
exception
    when others then
        raise warning 'what differs from the record of the last release cannot be told: %', sqlerrm;
        perform set_config('pytelemetry_db.drift', '[]', true);
end
$$;
