-- What a table is made of; what a partitioned one cannot have is in plain.sql.
with me as (select c.* from pg_class as c where c.oid = %(t)s::regclass)
select format('table owner %s identity %s row security %s %s comment %s', c.relowner::regrole, c.relreplident, c.relrowsecurity,
    c.relforcerowsecurity, obj_description(c.oid, 'pg_class')) as line
from me as c
union all
select format('privilege %s %s %s', a.grantee::regrole, a.privilege_type, a.is_grantable)
from me as c cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
union all
select format('column %s %s %s null %s default %s identity %s generated %s collation %s storage %s compression %s target %s options %s comment %s',
    row_number() over (order by a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
    a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstorage, a.attcompression, coalesce(nullif(a.attstattarget, -1), -1),
    a.attoptions, col_description(a.attrelid, a.attnum))
from me as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
union all
select format('column privilege %s %s %s %s', a.attname, x.grantee::regrole, x.privilege_type, x.is_grantable)
from me as c join pg_attribute as a on a.attrelid = c.oid cross join aclexplode(a.attacl) as x
union all
select format('index %s identity %s valid %s clustered %s comment %s', replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '),
    i.indisreplident, i.indisvalid, i.indisclustered, obj_description(i.indexrelid, 'pg_class'))
from me as c join pg_index as i on i.indrelid = c.oid
union all
select format('constraint %s %s valid %s comment %s', k.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint'))
from me as c join pg_constraint as k on k.conrelid = c.oid
union all
select format('referenced by %s %s %s valid %s comment %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated,
    obj_description(k.oid, 'pg_constraint'))
from me as c join pg_constraint as k on k.confrelid = c.oid and k.contype = 'f' and k.conparentid = 0
union all
select format('trigger %s %s comment %s', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
from me as c join pg_trigger as t on t.tgrelid = c.oid and not t.tgisinternal
union all
select format('rule %s %s comment %s', pg_get_ruledef(r.oid), r.ev_enabled, obj_description(r.oid, 'pg_rewrite'))
from me as c join pg_rewrite as r on r.ev_class = c.oid
union all
select format('policy %s %s %s %s %s using %s check %s comment %s', p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
    p.polrelid::regclass, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
from me as c join pg_policy as p on p.polrelid = c.oid
union all
select format('statistics %s owner %s target %s comment %s', pg_get_statisticsobjdef(s.oid), s.stxowner::regrole,
    coalesce(s.stxstattarget, -1), obj_description(s.oid, 'pg_statistic_ext'))
from me as c join pg_statistic_ext as s on s.stxrelid = c.oid
union all
select format('publication %s columns %s where %s', p.pubname, r.prattrs is null, pg_get_expr(r.prqual, r.prrelid))
from me as c join pg_publication_rel as r on r.prrelid = c.oid join pg_publication as p on p.oid = r.prpubid
union all
select format('published %s', pg_publication_tables) from me as c, pg_publication_tables where tablename like c.relname || '%'
union all
select format('sequence %s of %s %s owner %s start %s by %s from %s to %s cache %s cycle %s last %s type %s comment %s privileges %s', d.objid::regclass, a.attname,
    d.deptype, s.relowner::regrole, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle, pg_sequence_last_value(s.oid),
    q.seqtypid::regtype, obj_description(s.oid, 'pg_class'),
    s.relacl)
from me as c join pg_depend as d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
    and d.deptype in ('a', 'i')
join pg_class as s on s.oid = d.objid and s.relkind = 'S' join pg_sequence as q on q.seqrelid = s.oid
join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.refobjsubid
union all
select distinct format('view %s %s owner %s options %s privileges %s comment %s', v.oid::regclass, pg_get_viewdef(v.oid), v.relowner::regrole,
    v.reloptions, v.relacl, obj_description(v.oid, 'pg_class'))
from me as c join pg_depend as d on d.refobjid = c.oid and d.classid = 'pg_rewrite'::regclass
join pg_rewrite as w on w.oid = d.objid join pg_class as v on v.oid = w.ev_class and v.relkind = 'v'
order by 1
