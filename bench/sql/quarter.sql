-- A keep under which a quarter of what is expired goes.
select
    (
        now() at time zone 'UTC'
        - percentile_disc(0.25) within group (order by @time_column@)
    )::text as keep
from @relation@
where @time_column@ < now() at time zone 'UTC' - interval '30 days';
