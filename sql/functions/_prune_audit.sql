-- requires: _schema
-- Removes rows of the audit that are older than their own keep, where the session
-- may: an operator's passes leave them to those of the owner.
create or replace function @extschema@._prune_audit()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if has_table_privilege(format('%I._audit', @extschema@._schema()), 'DELETE') then
        delete from @extschema@._audit as a
        where a.at < now() - @extschema@._get_setting('keep_audit')::interval;
    end if;
end
$$;
comment on function @extschema@._prune_audit() is
'Removes old rows of the audit.';
