-- The documented loop, and the same one asking for the oldest rows first. Both end
-- at the first batch after p_cap.
create procedure bench_loop(p_table regclass, p_column name, p_ordered boolean, p_cap interval)
language plpgsql
as $$
declare
    v_cutoff timestamp := now() at time zone 'UTC' - interval '30 days';
    v_end timestamptz := clock_timestamp() + p_cap;
    v_delete text := format(
        'delete from %1$s where ctid in (select ctid from %1$s where %2$I < $1 %3$s limit 10000)',
        p_table, p_column, case when p_ordered then format('order by %I', p_column) end
    );
    v_rows bigint;
begin
    loop
        execute v_delete using v_cutoff;
        get diagnostics v_rows = row_count;
        commit;
        exit when v_rows = 0 or clock_timestamp() > v_end;
    end loop;
end
$$;
