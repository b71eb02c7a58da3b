-- A conversion that stands half-way has left a CHECK or children behind, and without
-- us nobody would finish it: uninstall waits for that.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_name text;
begin
    if to_regclass(format('%I._conversion', v_schema)) is null then
        return;
    end if;
    execute format(
        'select string_agg(c.oid::regclass::text, %L order by c.oid) from %I._conversion as v'
        ' inner join pg_catalog.pg_class as c on c.oid = v.relation_id where v.finished_at is null', ', ', v_schema
    ) into v_name;
    if v_name is not null then
        raise exception 'a conversion of % is not done', v_name
            using errcode = 'object_not_in_prerequisite_state',
            detail = 'Until it is, the table has a CHECK that refuses rows from a day on, or children.',
            hint = 'finish it with pytelemetry-db partition convert TABLE, or undo it with --undo, then uninstall again';
    end if;
end
$$;
