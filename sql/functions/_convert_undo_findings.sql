-- requires: _convert_dependents
-- Why a conversion that was swapped cannot be undone, whatever rows came in since: what it
-- would go back to is not there, or somebody's objects would go with the partitioned table.
-- No row: it can. The swap back and its dry run ask here.
create or replace function @extschema@._convert_undo_findings(p_conversion @extschema@._conversion)
returns table (detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with me as (
        select
            (p_conversion).parent_id as new_id, (p_conversion).relation_id as old_id,
            coalesce(@extschema@._qualified_name((p_conversion).parent_id), format('%I.%I', (p_conversion).schema_name, (p_conversion).table_name)) as new_name,
            coalesce(@extschema@._qualified_name((p_conversion).relation_id), format('%I.%I', (p_conversion).schema_name, (p_conversion).old_name)) as old_name
    )

    select
        format('%s is no partition of %s any more, so there is nothing to go back to', m.old_name, m.new_name), 'The partitioned table stays as it is.'
    from me as m
    where not exists (select from pg_inherits as i where i.inhrelid = m.old_id and i.inhparent = m.new_id)
    union all
    select
        format('%s and %s are in different schemas', m.old_name, m.new_name),
        format('alter table %s set schema %s;', m.old_name, n.relnamespace::regnamespace)
    from me as m
    inner join pg_class as n on n.oid = m.new_id
    inner join pg_class as o on o.oid = m.old_id and o.relnamespace <> n.relnamespace
    union all
    select d.detail, d.fix
    from me as m
    cross join @extschema@._convert_dependents(m.new_id) as d
$$;
comment on function @extschema@._convert_undo_findings(@extschema@._conversion) is
'Why a conversion that was swapped cannot be undone.';
