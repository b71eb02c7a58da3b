-- What somebody changed since the last release was put in, looked at before this
-- one changes anything: what is still so at the end was not mended, and stays a
-- difference. Routines and views of ours are written anew, but for owner and grants.
-- When this release looks in another way, the last one has said what differs.
do $$
declare
    v_schema name := current_setting('pytelemetry_db.schema');
    v_describing text[] := string_to_array(current_setting('pytelemetry_db.describing'), ' ');
    v_drift jsonb;
begin
    with seen as (
        select
            coalesce(r.kind, n.kind) as kind, coalesce(r.identity, n.identity) as identity,
            coalesce(r.aspect, n.aspect) as aspect, r.fingerprint as recorded, n.fingerprint as present
        from @extschema@._object as r
        full join @extschema@._fingerprints(v_schema) as n
            on n.kind = r.kind and n.identity = r.identity and n.aspect = r.aspect
    ),

    differing as (
        select s.*
        from seen as s
        where case
            when not exists (
                select from seen as l
                where split_part(l.identity, '(', 1) = any (v_describing) and l.aspect = 'body' and l.recorded is distinct from l.present
            )
                then s.recorded is distinct from s.present
            else exists (
                select from jsonb_to_recordset(current_setting('pytelemetry_db.drift')::jsonb) as d (kind text, identity text, aspect text)
                where d.kind = s.kind and d.identity = s.identity and d.aspect = s.aspect
            )
        end
    )

    select jsonb_agg(d) into v_drift
    from (
        select d.*
        from differing as d
        where
            exists (select from @extschema@._object as o where o.kind = d.kind and o.identity = d.identity)
            and (d.kind not in ('function', 'procedure', 'view') or d.aspect in ('owner', 'grants'))
        union all
        -- Somebody else's; what describes came with this script, and nothing else did yet.
        select s.*
        from seen as s
        where
            exists (select from @extschema@._object as o)
            and not exists (select from @extschema@._object as o where o.kind = s.kind and o.identity = s.identity)
            and split_part(s.identity, '(', 1) <> all (v_describing)
    ) as d;
    perform set_config('pytelemetry_db.drift', coalesce(v_drift, '[]')::text, true);
end
$$;
