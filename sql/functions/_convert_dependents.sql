-- What depends on a table and cannot be made to depend on the one that takes its name:
-- from the dependencies of the server's own catalog, so that a kind of object
-- nobody thought of is refused and not left behind at the old table.
create or replace function @extschema@._convert_dependents(p_relation_id oid)
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
        union
        -- The sequence of an identity column goes, and another one takes its place.
        select u.classid, u.objid
        from pg_depend as s
        inner join pg_depend as u on u.refclassid = 'pg_class'::regclass and u.refobjid = s.objid and u.deptype = 'n'
        where s.classid = 'pg_class'::regclass and s.refclassid = 'pg_class'::regclass and s.refobjid = p_relation_id and s.deptype = 'i'
            and s.refobjsubid > 0
    ),

    judged as (
        select
            d.classid, d.objid, r.ev_class, v.relkind, v.relpersistence, v.relowner,
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
                when 'pg_rewrite'::regclass then case when r.ev_class = p_relation_id or v.relkind = 'v' and v.relpersistence = 'p' and r.rulename = '_RETURN' then 'carried' end
                when 'pg_class'::regclass
                    then (select case when x.oid = p_relation_id or x.relkind in ('i', 'I', 'S', 't') or x.relispartition then 'carried' end from pg_class as x where x.oid = d.objid)
                when 'pg_type'::regclass
                    then (select case when t.typrelid = p_relation_id then 'carried' end from pg_type as t where t.oid = d.objid)
            end as verdict
        from dependents as d
        left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
        left join pg_class as v on v.oid = r.ev_class
    )

    select
        format(
            '%s depends on %s and cannot be carried over',
            case
                when j.relkind in ('v', 'm') then pg_describe_object('pg_class'::regclass, j.ev_class, 0)
                else pg_describe_object(j.classid, j.objid, 0)
            end, @extschema@._qualified_name(p_relation_id)
        ),
        case
            when j.relkind = 'm' then 'Drop the materialized view, and make it again afterwards.'
            when j.relpersistence = 't' then 'It is temporary: wait until its session ends.'
            else 'Drop it, and make it again afterwards.'
        end
    from judged as j
    where j.verdict is null
    union all
    select
        format('role %s does not own the view %s, which has to be made anew', current_user, @extschema@._qualified_name(j.ev_class)),
        format('grant %s to %I; -- or let a role do it that owns both', j.relowner::regrole, current_user)
    from judged as j
    where j.verdict = 'carried' and j.relkind = 'v' and not pg_has_role(j.relowner, 'USAGE')
$$;
comment on function @extschema@._convert_dependents(oid) is
'What depends on a table and keeps another one from taking its place.';
