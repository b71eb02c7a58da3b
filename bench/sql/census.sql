-- How many rows are expired, and how many are not: without any code of ours.
select
    count(*) filter (where @time_column@ < now() at time zone 'UTC' - interval '30 days') as expired,
    count(*) filter (where @time_column@ >= now() at time zone 'UTC' - interval '30 days') as kept
from @relation@;
