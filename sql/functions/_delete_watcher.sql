-- Who would see that rows of a table were deleted: a foreign key, a trigger for each
-- row, a publication; with how to end it. Null when nobody would. Where somebody
-- would, rows are not moved by deleting them, and no partition goes before it is empty.
create or replace function @extschema@._delete_watcher(p_policy @extschema@._policy, out reason text, out fix text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation oid := (p_policy).relation_id;
    v_name name;
    v_other text;
begin
    -- From the few that could be it to the tables, each time: of these there may be thousands.
    select k.conname, k.conrelid::regclass::text into v_name, v_other
    from (select c.* from pg_constraint as c where c.contype = 'f' offset 0) as k
    where k.confrelid = v_relation or exists (select from pg_inherits as i where i.inhrelid = k.confrelid and i.inhparent = v_relation)
    order by k.conparentid
    limit 1;
    if found then
        reason := format('foreign key %I of %s references it', v_name, v_other);
        fix := format('alter table %s drop constraint %I;', v_other, v_name);
        return;
    end if;
    select t.tgname into v_name
    from (
        -- For each row, on delete.
        select g.* from pg_trigger as g where not g.tgisinternal and g.tgenabled in ('O', 'A') and g.tgtype & 9 = 9 offset 0
    ) as t
    where t.tgrelid = v_relation or exists (select from pg_inherits as i where i.inhrelid = t.tgrelid and i.inhparent = v_relation)
    limit 1;
    if found then
        reason := format('trigger %I fires for each deleted row', v_name);
        fix := format('drop trigger %I on %I.%I;', v_name, (p_policy).schema_name, (p_policy).table_name);
        return;
    end if;
    select p.pubname into v_name
    from pg_publication as p
    where
        p.pubdelete
        and (
            p.puballtables
            or exists (
                select from pg_publication_rel as r
                where
                    r.prpubid = p.oid
                    and (r.prrelid = v_relation or exists (select from pg_inherits as i where i.inhrelid = r.prrelid and i.inhparent = v_relation))
            )
            or exists (
                select from pg_publication_namespace as n
                inner join pg_class as c on c.relnamespace = n.pnnspid
                where
                    n.pnpubid = p.oid
                    and (c.oid = v_relation or exists (select from pg_inherits as i where i.inhrelid = c.oid and i.inhparent = v_relation))
            )
        )
    limit 1;
    if found then
        reason := format('publication %I carries deletes to its subscribers, and a dropped partition would stay there', v_name);
        fix := format('alter publication %I set (publish = ''insert, update''); -- and a policy on the subscriber', v_name);
        return;
    end if;
end
$$;
comment on function @extschema@._delete_watcher(@extschema@._policy) is
'Who would see that rows of a table were deleted; null when nobody would.';
