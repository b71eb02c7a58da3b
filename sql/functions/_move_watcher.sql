-- requires: _delete_watcher
-- Who would see that rows move out of the default into a new partition: whoever would see the
-- DELETE, and the subscribers of a publication that has the new table as well, which they do not
-- have. Null when nobody would.
create or replace function @extschema@._move_watcher(p_policy @extschema@._policy, out reason text, out fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select x.reason, x.fix
    from (
        select 1, w.reason, w.fix
        from @extschema@._delete_watcher(p_policy) as w
        union all
        select
            2, format('publication %I would publish them again, under the name of the new partition', p.pubname),
            'Let it publish the partitioned table by name, not all tables or a schema; or move the rows by hand.'
        from pg_publication as p
        inner join pg_class as c on c.oid = (p_policy).relation_id
        where
            p.pubinsert
            and (p.puballtables or exists (select from pg_publication_namespace as n where n.pnpubid = p.oid and n.pnnspid = c.relnamespace))
    ) as x (place, reason, fix)
    where x.reason is not null
    order by x.place
    limit 1
$$;
comment on function @extschema@._move_watcher(@extschema@._policy) is
'Who would see that rows move out of the default; null when nobody would.';
