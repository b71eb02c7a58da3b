-- requires: _drop_proof
-- Takes away what a pass has left on a big default, for who ends the passes of a policy; a warning
-- says how when the table is locked, because that must not keep anybody from ending them.
create or replace function @extschema@._end_proof(p_policy @extschema@._policy)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
begin
    perform @extschema@._drop_proof(p_policy);
exception
    when lock_not_available or deadlock_detected then
        raise warning 'the default partition of %.% still refuses rows of partitions to come: %', quote_ident((p_policy).schema_name), quote_ident((p_policy).table_name), sqlerrm
            using hint = 'Drop its constraint pytelemetry_db_no_rows; a rotation does as well.';
end
$$;
comment on function @extschema@._end_proof(@extschema@._policy) is
'Takes away what a pass has left on a big default, or warns of it.';
