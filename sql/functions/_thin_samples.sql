-- Keeps the samples few: all of three days, then the first good one of each hour,
-- after 60 days of each day, and none beyond keep_samples or of a policy that is
-- gone.
create or replace function @extschema@._thin_samples()
returns void
language sql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
    delete from @extschema@._sample as s
    using (
        select
            o.policy_id, o.at,
            row_number() over (
                partition by
                    o.policy_id,
                    date_trunc(case when o.at < now() - interval '60 days' then 'day' else 'hour' end, o.at),
                    o.at < now() - interval '60 days'
                order by o.problem is not null, o.at
            ) as position
        from @extschema@._sample as o
        where o.at < now() - interval '3 days'
    ) as n
    where
        s.policy_id = n.policy_id and s.at = n.at
        and (n.position > 1 or n.at < now() - @extschema@._get_setting('keep_samples')::interval);
    delete from @extschema@._sample as s
    where not exists (select from @extschema@._policy as p where p.policy_id = s.policy_id)
$$;
comment on function @extschema@._thin_samples() is
'Keeps the samples few: the older, the fewer.';
