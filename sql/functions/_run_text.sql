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
            case r.kind when 'rotation' then '%1$I.%2$I: %3$s, %8$s partition%9$s made, %10$s removed, %11$s s' else '%1$I.%2$I: %3$s, %4$s row%5$s in %6$s batch%7$s, %11$s s' end,
            r.schema_name, r.table_name, r.stop_reason, r.rows, case r.rows when 1 then '' else 's' end,
            r.batches, case r.batches when 1 then '' else 'es' end,
            r.partitions_made, case r.partitions_made when 1 then '' else 's' end, r.partitions_removed,
            round(extract(epoch from r.finished_at - r.started_at), 1)
        )
        || case
            when r.kind = 'rotation' then ''
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
