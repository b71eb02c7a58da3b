-- requires: _health_finding, _blocked_queries
-- health: the roots of what waits for locks. Waiting for five minutes, or three
-- that wait for the same, is critical.
create or replace function @extschema@._health_blocked_queries()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when max(b.waiting_for) > interval '5 minutes' or count(*) >= 3 then 'critical' else 'warning' end,
        format('pid %s', b.root_pid),
        format(
            '%s wait for it, the longest for %s: %s. It is %s: %s', count(*), date_trunc('second', max(b.waiting_for)),
            string_agg(format('pid %s on %s (%s, behind %s)', b.pid, b.object, b.lock_mode, array_to_string(b.blocked_by, ', ')), '; ' order by b.pid),
            case when b.root_pid = 0 then 'a prepared transaction' else coalesce(max(b.root_state), 'not visible') end,
            coalesce(max(b.root_query), 'unknown')
        ),
        count(*), 'sessions', 'none', 'exact', null,
        case
            when b.root_pid = 0 then coalesce(
                (
                    -- Prepared transactions that hold what these wait for.
                    select string_agg(distinct format('rollback prepared %L;', p.gid), ' ')
                    from pg_locks as w
                    inner join pg_locks as h on
                        h.pid is null and h.granted and h.locktype = w.locktype
                        and (h.database, h.relation, h.page, h.tuple, h.transactionid, h.classid, h.objid, h.objsubid)
                        is not distinct from (w.database, w.relation, w.page, w.tuple, w.transactionid, w.classid, w.objid, w.objsubid)
                    inner join pg_locks as x on x.virtualtransaction = h.virtualtransaction and x.locktype = 'transactionid' and x.granted
                    inner join pg_prepared_xacts as p on p.transaction = x.transactionid
                    where not w.granted and w.pid = any(array_agg(b.pid))
                ),
                'select gid, prepared, owner from pg_prepared_xacts order by prepared;'
            )
            when b.root_pid is not null then format('select pg_terminate_backend(%s);', b.root_pid)
        end,
        'none'
    )
    from @extschema@._blocked_queries() as b
    group by b.root_pid
$$;
comment on function @extschema@._health_blocked_queries() is
'health: the roots of what waits for locks.';
