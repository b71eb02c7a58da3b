-- Whatever else hangs on a table and cannot be carried over in a conversion:
-- from the dependencies of the server's own catalog, so that a kind of object
-- nobody thought of is refused and not left behind at the old table.
create or replace function @extschema@._convert_part_findings(p_relation_id oid)
returns table (detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with dependents as (
        select distinct d.classid, d.objid
        from pg_depend as d
        inner join pg_class as c on c.oid = p_relation_id
        inner join pg_type as t on t.oid = c.reltype
        where
            (d.refclassid = 'pg_class'::regclass and d.refobjid = p_relation_id)
            or (d.refclassid = 'pg_type'::regclass and d.refobjid in (t.oid, t.typarray) and d.deptype <> 'i')
    ),

    judged as (
        select
            d.classid, d.objid, r.ev_class, v.relkind, v.relowner,
            case d.classid
                when 'pg_constraint'::regclass then 'carried'
                when 'pg_trigger'::regclass
                    then (select case when g.tgrelid = p_relation_id or g.tgisinternal then 'carried' end from pg_trigger as g where g.oid = d.objid)
                when 'pg_attrdef'::regclass
                    then (select case when a.adrelid = p_relation_id then 'carried' end from pg_attrdef as a where a.oid = d.objid)
                when 'pg_policy'::regclass
                    then (select case when p.polrelid = p_relation_id then 'carried' end from pg_policy as p where p.oid = d.objid)
                when 'pg_statistic_ext'::regclass then 'carried'
                when 'pg_publication_rel'::regclass then 'carried'
                when 'pg_rewrite'::regclass then case when r.ev_class = p_relation_id or v.relkind = 'v' and r.rulename = '_RETURN' then 'carried' end
                when 'pg_class'::regclass
                    then (select case when x.relkind in ('i', 'S', 't') then 'carried' end from pg_class as x where x.oid = d.objid)
                when 'pg_type'::regclass
                    then (select case when t.typrelid = p_relation_id then 'carried' end from pg_type as t where t.oid = d.objid)
            end as verdict
        from dependents as d
        left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
        left join pg_class as v on v.oid = r.ev_class
    )

    select
        format('%s depends on %s and cannot be carried over', pg_describe_object(j.classid, j.objid, 0), @extschema@._qualified_name(p_relation_id)),
        case
            when j.relkind = 'm' then 'Drop the materialized view, and make it again after the conversion.'
            else 'Drop it, and make it again after the conversion.'
        end
    from judged as j
    where j.verdict is null
    union all
    select
        format('role %s does not own the view %s, which has to be made anew', current_user, @extschema@._qualified_name(j.ev_class)),
        format('grant %s to %I; -- or let a role convert that owns both', j.relowner::regrole, current_user)
    from judged as j
    where j.verdict = 'carried' and j.relkind = 'v' and not pg_has_role(j.relowner, 'USAGE')
    union all
    select
        format('row trigger %I of %s uses transition tables, which partitions do not have', g.tgname, @extschema@._qualified_name(p_relation_id)),
        'Make it a trigger for each statement.'
    from pg_trigger as g
    where g.tgrelid = p_relation_id and not g.tgisinternal and (g.tgtype & 1) = 1 and coalesce(g.tgnewtable, g.tgoldtable) is not null
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
