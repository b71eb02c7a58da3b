-- requires: _convert_dependents
-- Whatever else hangs on a table and cannot be carried over in a conversion, beside keys.
create or replace function @extschema@._convert_part_findings(p_relation_id oid)
returns table (detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select d.detail, d.fix from @extschema@._convert_dependents(p_relation_id) as d
    union all
    select
        format('row trigger %I of %s uses transition tables, which partitions do not have', g.tgname, @extschema@._qualified_name(p_relation_id)),
        'Make it a trigger for each statement.'
    from pg_trigger as g
    where g.tgrelid = p_relation_id and not g.tgisinternal and (g.tgtype & 1) = 1 and coalesce(g.tgnewtable, g.tgoldtable) is not null
    union all
    select
        format('trigger %I of %s has to be made again, and role %s may not use its function', g.tgname, @extschema@._qualified_name(p_relation_id), current_user),
        format('grant usage on schema %1$s to %3$I; grant execute on function %2$s to %3$I;', f.pronamespace::regnamespace, f.oid::regprocedure, current_user)
    from pg_trigger as g
    inner join pg_proc as f on f.oid = g.tgfoid
    where
        g.tgrelid = p_relation_id and not g.tgisinternal
        and not (has_function_privilege(f.oid, 'EXECUTE') and has_schema_privilege(f.pronamespace, 'USAGE'))
    union all
    select
        format('publication %I would publish the partitions under their own names, which the subscribers do not have', p.pubname),
        format('alter publication %I set (publish_via_partition_root = true);', p.pubname)
    from pg_publication as p
    inner join pg_publication_tables as t on p.pubname = t.pubname
    inner join pg_class as c on t.tablename = c.relname and t.schemaname = (select n.nspname from pg_namespace as n where n.oid = c.relnamespace)
    where c.oid = p_relation_id and not p.pubviaroot
    union all
    select
        format('publication %I has to be changed, and only its owner may', p.pubname),
        format('set role %s; -- or let a role convert that owns both', p.pubowner::regrole)
    from pg_publication_rel as r
    inner join pg_publication as p on p.oid = r.prpubid
    where r.prrelid = p_relation_id and not pg_has_role(p.pubowner, 'USAGE')
$$;
comment on function @extschema@._convert_part_findings(oid) is
'What hangs on a table and keeps it from being converted.';
