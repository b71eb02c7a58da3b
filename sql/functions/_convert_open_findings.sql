-- Why rows that came after a conversion cannot be moved back while the table is
-- used: who would see a row twice, or not at all, when it moves. No row: they can.
create or replace function @extschema@._convert_open_findings(p_conversion @extschema@._conversion)
returns table (detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with me as (
        select (p_conversion).parent_id as id, @extschema@._qualified_name((p_conversion).parent_id) as name
    ),

    -- Those for statements stay with the old table, which the rows are inserted into.
    holders as (
        select m.id, m.name from me as m
        union all
        select (p_conversion).relation_id, @extschema@._qualified_name((p_conversion).relation_id)
    )

    select
        format('foreign key %I of %s would not find the rows until they are moved', k.conname, @extschema@._qualified_name(k.conrelid)),
        'Drop it, and add it again when the undo is done.'
    from me as m
    inner join pg_constraint as k on m.id = k.confrelid and k.contype = 'f' and k.conparentid = 0
    union all
    select
        format('publication %I would publish every row that moves a second time', p.pubname),
        format('alter publication %I drop table %s;', p.pubname, m.name)
    from me as m
    inner join pg_publication_rel as r on m.id = r.prrelid
    inner join pg_publication as p on p.oid = r.prpubid
    union all
    select
        format('publication %I would publish every row that moves a second time', p.pubname),
        'Publish tables one by one, without this one.'
    from me as m
    inner join pg_class as c on m.id = c.oid
    inner join pg_publication as p
        on p.puballtables
        or exists (select from pg_publication_namespace as n where n.pnpubid = p.oid and n.pnnspid = c.relnamespace)
    union all
    select
        format('trigger %I of %s would fire for every row that moves', t.tgname, h.name),
        format('alter table %1$s disable trigger %2$I; -- and when the undo is done: enable trigger %2$I', h.name, t.tgname)
    from holders as h
    inner join pg_trigger as t on h.id = t.tgrelid and not t.tgisinternal and (t.tgtype & 4) = 4 and t.tgenabled <> 'D'
    left join pg_trigger as p on p.oid = t.tgparentid
    -- That of the partitioned table stands for its copies.
    where coalesce(p.tgenabled, 'D') = 'D'
    union all
    select
        format('rule %I of %s would act on every row that moves', r.rulename, h.name),
        format('alter table %1$s disable rule %2$I; -- and when the undo is done: enable rule %2$I', h.name, r.rulename)
    from holders as h
    inner join pg_rewrite as r on h.id = r.ev_class and r.ev_type = '3' and r.ev_enabled <> 'D'
    union all
    select
        format('the unique index %s is of expressions, or takes nulls as equal', @extschema@._qualified_name(i.indexrelid)),
        'Drop it, and make it again when the undo is done.'
    from me as m
    inner join pg_index as i on m.id = i.indrelid and i.indisunique and (i.indexprs is not null or i.indnullsnotdistinct)
    union all
    select format('%s is a partition of its own kind', @extschema@._qualified_name(c.oid)), 'Detach it first.'
    from me as m
    inner join pg_inherits as h on m.id = h.inhparent
    inner join pg_class as c on c.oid = h.inhrelid and c.relkind <> 'r'
$$;
comment on function @extschema@._convert_open_findings(@extschema@._conversion) is
'Why rows cannot be moved back while the table is used.';
