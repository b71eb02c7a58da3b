-- What somebody else put here is not on record as ours, whatever of it has changed:
-- the next release drops what is on record and not in it.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_signatures text[] := string_to_array(current_setting('pytelemetry_db.signatures'), ';');
begin
    delete from @extschema@._object as o
    where case
        when o.kind = 'view' then format('%I.%s', v_schema, o.identity) <> all (v_signatures)
        when o.kind in ('function', 'procedure') then not exists (
            select from unnest(v_signatures) as s (signature)
            inner join pg_proc as p on p.oid = case when s.signature like '%(%' then to_regprocedure(s.signature) end
            where format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) = o.identity
        )
    end;
end
$$;
