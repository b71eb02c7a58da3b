-- requires: _lock_set_gently, _lock_table
-- Attaches a table as a partition. Readers and writers of the parent do not wait; the
-- default, where there is one, is locked exclusively while it is looked at, which is a
-- moment when a valid CHECK proves that it holds no row of the range. Referenced
-- tables are locked against writers for as long as the transaction lasts. Lock order:
-- parent, default, then the rest; lock_timeout as the caller has set it.
create or replace function @extschema@._attach_partition(
    p_parent oid,
    p_child oid,
    p_from_literal text,
    p_to_literal text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_parent text := @extschema@._qualified_name(p_parent);
    v_child text := @extschema@._qualified_name(p_child);
    v_default oid := (select nullif(p.partdefid, 0) from pg_partitioned_table as p where p.partrelid = p_parent);
    v_identity "char";
    v_model oid;
    v_index name;
begin
    perform @extschema@._lock_set_gently(p_parent, null);
    if v_default is not null then
        perform @extschema@._lock_table(v_default, 'access exclusive');
    end if;
    -- Literals as _bound_literal and the server print them: quoted, an integer bare, or a keyword.
    execute format('alter table %s attach partition %s for values from (%s) to (%s)', v_parent, v_child, p_from_literal, p_to_literal);
    select c.oid, c.relreplident into v_model, v_identity
    from pg_inherits as i
    inner join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = p_parent and i.inhrelid not in (p_child, coalesce(v_default, 0)) and c.relkind = 'r'
    order by c.oid desc
    limit 1;
    if not found then
        select c.oid, c.relreplident into v_model, v_identity from pg_class as c where c.oid = p_parent;
    end if;
    if v_identity = 'i' then
        -- The index that has the same parent, or the same definition, as the sibling's.
        select c.relname into v_index
        from pg_index as m
        inner join pg_index as x on x.indrelid = p_child
        inner join pg_class as c on c.oid = x.indexrelid
        where
            m.indrelid = v_model and m.indisreplident
            and (
                exists (
                    select from pg_inherits as o
                    where o.inhrelid = x.indexrelid and o.inhparent in (m.indexrelid, (select s.inhparent from pg_inherits as s where s.inhrelid = m.indexrelid))
                )
                or regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', '') = regexp_replace(pg_get_indexdef(m.indexrelid), '^.* USING ', '')
            )
            and x.indisunique
        limit 1;
        if found then
            execute format('alter table %s replica identity using index %I', v_child, v_index);
        end if;
    elsif v_identity in ('f', 'n') then
        execute format('alter table %s replica identity %s', v_child, case v_identity when 'f' then 'full' else 'nothing' end);
    end if;
end
$$;
comment on function @extschema@._attach_partition(oid, oid, text, text) is
'Attaches a table as a partition without making readers or writers of its parent wait.';
