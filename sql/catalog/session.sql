-- Once per connection: whose session it is (a pooler's has another backend than
-- the one that we were told), and whether dates and intervals are written as the
-- driver reads them.
select
    pg_catalog.pg_backend_pid() as pid,
    pg_catalog.current_setting('datestyle') as datestyle,
    pg_catalog.current_setting('intervalstyle') as intervalstyle,
    pg_catalog.current_setting('datestyle') like 'ISO%'
    and pg_catalog.current_setting('intervalstyle') = 'postgres' as readable;
