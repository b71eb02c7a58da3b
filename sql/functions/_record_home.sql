-- requires: _identity
-- Remembers which database the policies are made for, unless that is known.
create or replace function @extschema@._record_home()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into @extschema@._home (system_identifier, database_oid, timeline)
    select d.system_identifier, d.database_oid, d.timeline
    from @extschema@._identity() as d
    on conflict (only_row) do nothing
$$;
comment on function @extschema@._record_home() is
'Remembers which database the policies are made for.';
