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
        select pg_get_expr(c.conbin, c.conrelid) into strict v_deparsed
        from pg_constraint as c
        where c.conrelid = format('pg_temp.%I', v_table)::regclass and c.contype = 'c';
        execute format('create index on pg_temp.%I ((1)) where (%s)', v_table, v_deparsed);
        execute format('drop table pg_temp.%I', v_table);
    exception
        when query_canceled or insufficient_privilege or lock_not_available then
            raise;
        when others then
            get stacked diagnostics v_message = message_text;
            raise exception 'the condition cannot be used: %', v_message
                using errcode = 'invalid_parameter_value',
                detail = format('Found: %s', p_condition),
                hint = 'Expected one boolean expression over the columns of the table: no subquery, aggregate or function that is not immutable (now() is not: say it with keep); names outside pg_catalog need their schema.';
    end;
    return v_deparsed;
end
$$;
comment on function @extschema@._parse_condition(oid, text) is
'The deparsed text of a condition, or an error that says why it cannot be used.';
