-- Statements that keep a key unique while rows move back: a row whose key is in
-- another one of the tables fails (40001) and has to be sent again. "Equal" is what the index says.
-- The function belongs to the owner of the table, who alone can see all of
-- them, and goes with the last row. None without a key.
create or replace function @extschema@._convert_guard(p_conversion @extschema@._conversion)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_function text := format('%I.%I', (p_conversion).schema_name, (p_conversion).check_name);
    v_table text := @extschema@._qualified_name((p_conversion).relation_id);
    v_tables text[] := array[v_table] || array(
        select @extschema@._qualified_name(i.inhrelid) from pg_inherits as i where i.inhparent = (p_conversion).relation_id order by i.inhrelid
    );
    v_tests text;
    v_columns text;
begin
    with keys as (
        select
            i.indexrelid, a.attname,
            (
                select format('operator(%I.%s)', n.nspname, o.oprname)
                from pg_opclass as c
                inner join pg_amop as m
                    on m.amopfamily = c.opcfamily and m.amopstrategy = 3 and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
                inner join pg_operator as o on o.oid = m.amopopr
                inner join pg_namespace as n on n.oid = o.oprnamespace
                where c.oid = i.indclass[s.n]
            ) as equals
        from pg_index as i
        cross join generate_series(0, i.indnkeyatts - 1) as s (n)
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[s.n]
        where i.indrelid = (p_conversion).relation_id and i.indisunique
    )

    select
        string_agg(format('(tg_relid <> %s and exists (select from only %s as c where %s))', to_regclass(t.name)::oid, t.name, k.condition), ' or '),
        (select string_agg(distinct quote_ident(c.attname), ', ') from keys as c)
    into v_tests, v_columns
    from unnest(v_tables) as t (name)
    cross join (
        select string_agg(format('c.%1$I %2$s new.%1$I', c.attname, c.equals), ' and ') as condition
        from keys as c
        group by c.indexrelid
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
        ))
    ] || array(
        select format(
            'create trigger %I before insert or update of %s on %s for each row when (new.%I >= %s::%s) execute function %s()', (p_conversion).check_name,
            v_columns, t.name, (p_conversion).time_column, (p_conversion).upper_literal, (p_conversion).time_type, v_function
        )
        from unnest(v_tables) as t (name)
    );
end
$$;
comment on function @extschema@._convert_guard(@extschema@._conversion) is
'Statements that keep a key unique while rows move back.';
