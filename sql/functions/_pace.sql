-- requires: _duty, _get_setting
-- How hard a pass works: the time that one batch should take in ms, the share of
-- the time in which it works, and the most WAL of one batch in bytes. A batch and
-- the wait for a lock in it stay under deadlock_timeout together, so that nobody
-- who waits for us is ever taken for one half of a deadlock.
create or replace function @extschema@._pace(p_duty text)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        jsonb_build_object(
            'target', greatest(50, least(s.target_ms, (s.deadlock_ms - s.lock_ms) / 1.5))::integer,
            'duty', @extschema@._duty(coalesce(p_duty, @extschema@._get_setting('duty'))),
            'wal', @extschema@._get_setting('batch_wal')::bigint * 1048576
        )
    from (
        select
            extract(epoch from @extschema@._get_setting('batch_target')::interval) * 1000 as target_ms,
            extract(epoch from @extschema@._get_setting('lock_timeout')::interval) * 1000 as lock_ms,
            (select p.setting::integer from pg_settings as p where p.name = 'deadlock_timeout') as deadlock_ms
    ) as s
$$;
comment on function @extschema@._pace(text) is
'How hard a pass works: target of a batch in ms, duty, WAL of a batch in bytes.';
