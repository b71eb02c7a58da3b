-- A table with many partitions and a policy, as many other tables, and one with dead rows.
do $$
begin
    create table parts (id bigint, at timestamptz not null) partition by range (at);
    create index on parts (at);
    for i in 1..current_setting('bench.tables')::integer loop
        execute format(
            'create table parts_%s partition of parts for values from (%L) to (%L)', i,
            timestamptz '2020-01-01' + i * interval '1 day', timestamptz '2020-01-02' + i * interval '1 day'
        );
        execute format('create table other_%s (id bigint primary key, at timestamptz)', i);
        -- Their locks would not fit into one transaction.
        commit;
    end loop;
    perform maint.set_setting('health_long', '1 s');
    perform maint.set_policy('parts', '7 days', 'at');
    create table filled (id bigserial primary key, note text);
    insert into filled (note) select repeat('x', 100) from generate_series(1, 100000);
    delete from filled where id > 40000;
    commit;
end
$$;
