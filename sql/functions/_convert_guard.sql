-- Statements that keep a key unique while rows move back: an insert whose key is
-- still in one of the tables that are being emptied fails (40001) and has to be
-- sent again. Its function belongs to the owner of the table, who alone can see
-- all of them, and goes with the last row. None without a key.
create or replace function @extschema@._convert_guard(p_conversion @extschema@._conversion, p_children text[])
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_function text := format('%I.%I', (p_conversion).schema_name, (p_conversion).check_name);
    v_table text := format('%I.%I', (p_conversion).schema_name, (p_conversion).table_name);
    v_tests text;
begin
    select string_agg(format('exists (select from only %s as c where %s)', t.child, k.condition), ' or ') into v_tests
    from unnest(p_children) as t (child)
    cross join (
        select string_agg(format('c.%1$I = new.%1$I', a.attname), ' and ') as condition
        from pg_index as i
        cross join generate_series(0, i.indnkeyatts - 1) as s (n)
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[s.n]
        where i.indrelid = (p_conversion).relation_id and i.indisunique
        group by i.indexrelid
    ) as k;
    if v_tests is null then
        return array[]::text[];
    end if;
    return array[
        format(
            'create function %s() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as %L', v_function,
            format(
                'begin if %s then raise exception %L using errcode = ''serialization_failure'', hint = ''Send it again.''; end if; return new; end',
                v_tests, 'a row with this key is being moved'
            )
        ),
        format('revoke all on function %s() from public', v_function),
        format('alter function %s() owner to %s', v_function, (
            select c.relowner::regrole::text from pg_class as c where c.oid = (p_conversion).relation_id
        )),
        format(
            'create trigger %I before insert on %s for each row when (new.%I >= %s::%s) execute function %s()', (p_conversion).check_name, v_table,
            (p_conversion).time_column, (p_conversion).upper_literal, (p_conversion).time_type, v_function
        )
    ];
end
$$;
comment on function @extschema@._convert_guard(@extschema@._conversion, text[]) is
'Statements that keep a key unique while rows move back.';
