-- Makes partitions of a table, a hundred in a transaction: %(…)s would not reach into it.
create procedure make_partitions(p_table text, p_first timestamp, p_number integer, p_interval interval)
language plpgsql
as $$
begin
    for v_number in 0 .. p_number - 1 loop
        execute format(
            'create table %I partition of %I for values from (%L) to (%L)',
            format('%s_p%s', p_table, to_char(p_first + v_number * p_interval, 'YYYYMMDD')), p_table,
            p_first + v_number * p_interval, p_first + (v_number + 1) * p_interval
        );
        if v_number % 100 = 99 then
            commit;
        end if;
    end loop;
end
$$;
