-- All of our tables and views at once, so that whoever reads them waits at the
-- first and holds nothing which the script needs: no deadlock. A lock that is not
-- free at once makes it let go of all, and try again for as long as one lock may
-- take. LOCK TABLE on a view would lock what is under it as well; its owner is set
-- to what it is already, for the lock that takes.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_timeout text := current_setting('lock_timeout');
    v_until timestamptz := clock_timestamp() + v_timeout::interval;
    v_object record;
    v_holders text;
begin
    loop
        begin
            set local lock_timeout = '20ms';
            for v_object in
                with recursive used as (
                    select c.oid, 0 as depth
                    from pg_class as c
                    where c.relnamespace = to_regnamespace(quote_ident(v_schema))
                    union
                    select d.refobjid, u.depth + 1
                    from used as u
                    inner join pg_rewrite as w on w.ev_class = u.oid
                    inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
                    where d.refclassid = 'pg_class'::regclass and d.refobjid <> u.oid
                )

                select c.oid, format('%I.%I', v_schema, c.relname) as name, c.relkind
                from used as u
                inner join pg_class as c on c.oid = u.oid
                where
                    c.relnamespace = to_regnamespace(quote_ident(v_schema)) and c.relkind in ('r', 'v')
                    and exists (select from @extschema@._object as o where o.kind in ('table', 'view') and o.identity = quote_ident(c.relname))
                group by c.oid, c.relname, c.relkind
                order by c.relkind = 'r', max(u.depth), c.relname
            loop
                if v_object.relkind = 'v' then
                    execute format('alter view %s owner to current_user', v_object.name);
                else
                    execute format('lock table %s in access exclusive mode', v_object.name);
                end if;
            end loop;
            perform set_config('lock_timeout', v_timeout, true);
            return;
        exception
            when lock_not_available then
                if clock_timestamp() >= v_until then
                    select string_agg(distinct format('pid %s (%s, %s)', a.pid, a.usename, a.application_name), ', ') into v_holders
                    from pg_locks as l
                    inner join pg_stat_activity as a on a.pid = l.pid
                    where
                        l.granted and l.pid <> pg_backend_pid() and l.relation = v_object.oid
                        and l.database = (select d.oid from pg_database as d where d.datname = current_database());
                    raise exception '% was in use for more than %', v_object.name, v_timeout
                        using errcode = 'lock_not_available', detail = 'Used by ' || coalesce(v_holders, 'nobody any more') || '.',
                        hint = 'end those transactions, or wait for them, and run it again';
                end if;
        end;
        perform pg_sleep(0.05);
    end loop;
end
$$;
