-- What the DBA's roles may do, when they were named: a reader sees the views, an
-- operator also plans, cleans, pauses and resumes, but changes no policy. Roles
-- named before, and not any more, lose it. No role is made or dropped here.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_old record;
    v_reader text := nullif(current_setting('pytelemetry_db.reader_role'), '');
    v_operator text := nullif(current_setting('pytelemetry_db.operator_role'), '');
    v_role text;
    v_object record;
begin
    select i.reader_role::text as reader, i.operator_role::text as operator into v_old from @extschema@._installation as i;
    -- No role can be called none: the word takes back what was given before.
    v_reader := nullif(coalesce(v_reader, (select r.rolname from pg_roles as r where r.rolname = v_old.reader)), 'none');
    v_operator := nullif(coalesce(v_operator, (select r.rolname from pg_roles as r where r.rolname = v_old.operator)), 'none');
    foreach v_role in array array_remove(array[v_reader, v_operator], null) loop
        if not exists (select from pg_roles as r where r.rolname = v_role) then
            raise exception 'role "%" does not exist', v_role
                using errcode = 'undefined_object', hint = format('create role %I nologin', v_role);
        elsif v_role = current_user then
            raise exception 'role "%" owns the schema and may do everything', v_role
                using errcode = 'invalid_parameter_value', hint = 'name another role as reader or operator';
        end if;
    end loop;
    for v_role in
        select r.rolname
        from pg_roles as r
        where r.rolname in (v_old.reader, v_old.operator, v_reader, v_operator) and r.rolname <> current_user
    loop
        execute format('revoke all on schema %I from %I', v_schema, v_role);
        execute format('revoke all on all tables in schema %I from %I', v_schema, v_role);
        execute format('revoke all on all routines in schema %I from %I', v_schema, v_role);
    end loop;
    foreach v_role in array array_remove(array[v_reader, v_operator], null) loop
        execute format('grant usage on schema %I to %I', v_schema, v_role);
        -- The command line asks which release this is before anything else.
        execute format('grant select (version, migration, has_code, server_major) on %I._installation to %I', v_schema, v_role);
        for v_object in
            select distinct 'table' as kind, c.oid::regclass::text as name
            from pg_class as c
            where c.relnamespace = to_regnamespace(quote_ident(v_schema)) and c.relkind = 'v' and c.relname !~ '^_'
            union all
            -- A view's functions run as whoever reads it.
            select distinct 'function', p.oid::regprocedure::text
            from pg_rewrite as w
            inner join pg_class as c on c.oid = w.ev_class
            inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
            inner join pg_proc as p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
            where
                c.relnamespace = to_regnamespace(quote_ident(v_schema)) and c.relkind = 'v' and c.relname !~ '^_'
                and p.pronamespace = c.relnamespace
            union all
            -- The checks of the view health, which are called by name, and what they call.
            select 'function', p.oid::regprocedure::text
            from pg_proc as p
            where p.pronamespace = to_regnamespace(quote_ident(v_schema)) and (p.proname ~ '^_health_' or p.proname in ('_horizon_holders', '_schema'))
        loop
            execute format(
                'grant %s on %s %s to %I', case v_object.kind when 'table' then 'select' else 'execute' end,
                v_object.kind, v_object.name, v_role
            );
        end loop;
    end loop;
    if v_operator is not null then
        execute format('grant select on all tables in schema %I to %I', v_schema, v_operator);
        execute format('grant execute on all routines in schema %I to %I', v_schema, v_operator);
        execute format('grant insert, delete on %I._stop_request to %I', v_schema, v_operator);
        execute format('grant insert, update, delete on %I._watermark to %I', v_schema, v_operator);
        execute format('grant insert, update, delete on %I._noted_set to %I', v_schema, v_operator);
        execute format('grant insert, delete on %I._sample to %I', v_schema, v_operator);
        execute format('grant insert, update on %I._total to %I', v_schema, v_operator);
        execute format('grant insert, update, delete on %I._incident to %I', v_schema, v_operator);
        execute format('grant insert, update, delete on %I._delivery to %I', v_schema, v_operator);
        -- Every pass judges again: who takes a row away lifts nothing.
        execute format('grant insert, update, delete on %I._suspended to %I', v_schema, v_operator);
        execute format('grant insert on %I._used to %I', v_schema, v_operator);
        -- A pass executes the predicate of its own row: nobody may change that of
        -- a pass that runs as another role, or put another row in its place.
        execute format('grant delete on %I._run to %I', v_schema, v_operator);
        execute (
            select format(
                'grant insert (%s), update (%s) on %I._run to %I', string_agg(quote_ident(a.attname), ', '),
                string_agg(quote_ident(a.attname), ', ') filter (
                    where a.attname not in (
                        'policy_id', 'relation_id', 'schema_name', 'table_name', 'version', 'epoch', 'keep', 'keep_override',
                        'cutoff', 'clock_at', 'predicate', 'batch_rows', 'duty', 'target', 'started_at', 'deadline', 'pid', 'backend_start', 'role_name',
                        'application_name', 'kind'
                    )
                ),
                v_schema, v_operator
            )
            from pg_attribute as a
            where a.attrelid = to_regclass(format('%I._run', v_schema)) and a.attnum > 0 and not a.attisdropped and a.attname <> 'run_id'
        );
        execute format(
            'grant insert (job_name, started_at, deadline, finished_at, outcome, backend_start, application_name), update (outcome, finished_at, detail, passes, rows), delete on %I._call to %I',
            v_schema, v_operator
        );
        execute format('grant insert (action, reason) on %I._installation_log to %I', v_schema, v_operator);
        execute format('grant update (timeline) on %I._home to %I', v_schema, v_operator);
        execute format(
            'grant update (paused_at, paused_by, pause_reason, epoch, changed_at, changed_by) on %I._policy to %I',
            v_schema, v_operator
        );
        for v_object in
            select p.oid::regprocedure::text as name
            from pg_proc as p
            where
                p.pronamespace = to_regnamespace(quote_ident(v_schema))
                and p.proname in (
                    'acknowledge', 'add_hold', 'adopt', 'apply_profile', 'confirm', 'convert', 'drop_policy', 'hand_back', 'rebind', 'release_hold',
                    'set_policy', 'set_setting'
                )
        loop
            execute format('revoke execute on routine %s from %I', v_object.name, v_operator);
        end loop;
    end if;
    perform set_config('pytelemetry_db.reader_role', coalesce(v_reader, ''), true);
    perform set_config('pytelemetry_db.operator_role', coalesce(v_operator, ''), true);
end
$$;
