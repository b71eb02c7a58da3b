-- The transaction is the caller's and goes on, as whom and with what it was before.
do $$
declare
    v_setting record;
begin
    for v_setting in
        select s.key, s.value from jsonb_each_text(current_setting('pytelemetry_db.before')::jsonb) as s
    loop
        perform pg_catalog.set_config(v_setting.key, v_setting.value, true);
    end loop;
end
$$;
