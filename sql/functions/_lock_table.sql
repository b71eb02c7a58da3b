-- requires: _qualified_name
-- Locks one table in a mode other than ACCESS SHARE, and no partition of it. A wait beyond lock_timeout
-- is one error that says who is in the way; its SCHEMA and TABLE name the table, for a caller
-- that can do without it. Reads nothing of the table.
create or replace function @extschema@._lock_table(p_relation_id oid, p_mode text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_name text := @extschema@._qualified_name(p_relation_id);
    v_harmless text [] := case p_mode
        when 'share update exclusive' then array['AccessShareLock', 'RowShareLock', 'RowExclusiveLock']
        when 'share' then array['AccessShareLock', 'RowShareLock', 'ShareLock']
        when 'access exclusive' then array[]::text []
        else array['AccessShareLock', 'RowShareLock']
    end;
    v_holders text;
begin
    if v_name is null then
        raise exception 'a table with the oid % does not exist any more', p_relation_id using errcode = 'undefined_table';
    end if;
    execute format('lock table only %s in %s mode', v_name, p_mode);
exception
    when lock_not_available then
        -- At most three: the others are told by pg_locks.
        select string_agg(h.holder, ', ' order by h.holder) into v_holders
        from (
            select distinct
                case
                    when l.pid is null then 'a prepared transaction'
                    else concat_ws(
                        ' ', format('pid %s', l.pid),
                        -- What another role does is not shown to everybody.
                        format('(%s)', nullif(concat_ws(', ', nullif(a.backend_type, 'client backend'), a.usename, nullif(a.application_name, ''), substring(a.query, 'to prevent wraparound')), ''))
                    )
                end as holder
            from pg_locks as l
            left join pg_stat_activity as a on a.pid = l.pid
            where
                l.locktype = 'relation' and l.relation = p_relation_id and l.granted
                and l.database = (select d.oid from pg_database as d where d.datname = current_database())
                and l.pid is distinct from pg_backend_pid() and l.mode <> all (v_harmless)
            order by 1
            limit 3
        ) as h;
        raise exception '%', case
                when v_holders is null then format('%s was locked for longer than %s', v_name, current_setting('lock_timeout'))
                else format('%s is locked by %s', v_name, v_holders)
            end
            using errcode = 'lock_not_available',
            schema = (select n.nspname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace where c.oid = p_relation_id),
            table = (select c.relname from pg_class as c where c.oid = p_relation_id);
end
$$;
comment on function @extschema@._lock_table(oid, text) is
'Locks one table; a wait that is too long is an error that says who is in the way.';
