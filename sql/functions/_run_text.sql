-- requires: _run_alive
-- One line about a finished pass, for NOTICEs and logs.
create or replace function @extschema@._run_text(p_run_id bigint)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        format(
            '%I.%I: %s, %s row%s in %s batch%s, %s s',
            r.schema_name, r.table_name, r.stop_reason, r.rows, case r.rows when 1 then '' else 's' end,
            r.batches, case r.batches when 1 then '' else 'es' end,
            round(extract(epoch from r.finished_at - r.started_at), 1)
        )
        || case
            when r.debt_rows is null then ', debt unknown'
            when r.debt_rows = 0 then ', nothing expired is left'
            else format(', %s%s expired rows are left', case when r.debt_exact then '' else 'about ' end, r.debt_rows)
        end
        || case when r.error_sqlstate is null then '' else format(': %s (SQLSTATE %s)', r.error_message, r.error_sqlstate) end
        || case when r.detail <> '' then '. ' || r.detail else '' end
    from @extschema@._run as r
    where r.run_id = p_run_id
$$;
comment on function @extschema@._run_text(bigint) is
'One line about a finished pass.';
