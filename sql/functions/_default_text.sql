-- requires: _default_rows, _move_watcher, _qualified_name
-- What becomes of the rows in the default when a partition of their range is made, for the
-- plan of a rotation: by what _rotate_create does with them. Null when there are none, or
-- for who may not read all of them.
create or replace function @extschema@._default_text(p_policy @extschema@._policy, p_lower text, p_upper text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when r.found = 0 then null
        when w.reason is not null then format('rows of it are in %s and cannot move: %s', d.name, w.reason)
        when r.found <= 50000 then format('%s rows of it move here from %s', r.found, d.name)
        when pg_relation_size(t.partdefid) > 268435456 then format('more than 50000 rows of it are in %s, which is too big to cut it', d.name)
        else format('more than 50000 rows of it are in %s: cut into partitions of about 25000 rows', d.name)
    end
    from pg_partitioned_table as t
    cross join lateral (select @extschema@._qualified_name(t.partdefid) as name) as d
    cross join lateral (
        select case
            when has_table_privilege(nullif(t.partdefid, 0), 'SELECT') and not row_security_active(nullif(t.partdefid, 0))
                then @extschema@._default_rows(p_policy, p_lower, p_upper)
        end as found
    ) as r
    cross join lateral @extschema@._move_watcher(p_policy) as w
    where t.partrelid = (p_policy).relation_id and r.found is not null
$$;
comment on function @extschema@._default_text(@extschema@._policy, text, text) is
'What becomes of the rows in the default when a partition of their range is made.';
