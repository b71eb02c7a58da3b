-- In a session of our own: dates and intervals as the driver reads them, whatever
-- the role's styles are. The order of day and month in input stays the user's.
select
    pg_catalog.set_config('datestyle', 'ISO', false) as datestyle,
    pg_catalog.set_config('intervalstyle', 'postgres', false) as intervalstyle;
