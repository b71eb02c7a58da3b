-- requires: _check_text
-- Turns a typed condition into the text that the server itself prints for it.
-- The typed text is parsed three times on an empty temporary copy of the
-- table: as a WHERE of a cursor (one statement, nothing else), as a CHECK (no
-- subquery, aggregate or set) and, deparsed, as an index predicate (immutable
-- functions only). What unbalances one of them is a syntax error in another.
create or replace function @extschema@._parse_condition(p_relation_id oid, p_condition text)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_cursor refcursor;
    v_schema name;
    v_table name;
    v_constraint_id oid;
    v_temporary text;
    v_deparsed text;
    v_message text;
begin
    if p_condition is null or p_condition ~ '^\s*$' then
        return null;
    end if;
    select n.nspname, c.relname into v_schema, v_table
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation_id;
    begin
        execute format('create temporary table %I (like %I.%I) on commit drop', v_table, v_schema, v_table);
        -- A cursor takes exactly one statement; the newline ends a comment.
        open v_cursor for execute format(E'select from only pg_temp.%I where (%s\n)', v_table, p_condition);
        close v_cursor;
        execute format(E'alter table pg_temp.%I add constraint typed_condition check (%s\n)', v_table, p_condition);
        select c.oid into strict v_constraint_id
        from pg_constraint as c
        where c.conrelid = format('pg_temp.%I', v_table)::regclass and c.contype = 'c';
        select string_agg(o.identity, ', ') into v_temporary
        from pg_depend as d
        cross join pg_identify_object(d.refclassid, d.refobjid, 0) as o
        where
            d.classid = 'pg_constraint'::regclass and d.objid = v_constraint_id
            and d.refclassid <> 'pg_class'::regclass and o.schema ~ '^pg_temp';
        if v_temporary is not null then
            raise exception '% is temporary', v_temporary;
        end if;
        v_deparsed := @extschema@._check_text(v_constraint_id);
        -- Under another name, as in a partition, nothing can name the whole row.
        execute format('alter table pg_temp.%I rename to _typed_condition', v_table);
        execute format('create index on pg_temp._typed_condition ((1)) where (%s)', v_deparsed);
        drop table pg_temp._typed_condition;
    exception
        when query_canceled or insufficient_privilege or lock_not_available or read_only_sql_transaction then
            raise;
        when others then
            get stacked diagnostics v_message = message_text;
            raise exception 'the condition cannot be used: %', v_message
                using errcode = 'invalid_parameter_value',
                detail = format('Found: %s', p_condition),
                hint = 'Expected one boolean expression over the columns of the table: no subquery, aggregate, whole row or function that is not immutable (now() is not: say it with keep); names outside pg_catalog need their schema.';
    end;
    return v_deparsed;
end
$$;
comment on function @extschema@._parse_condition(oid, text) is
'The deparsed text of a condition, or an error that says why it cannot be used.';
