-- How many tables are to be made.
select set_config('bench.tables', %(tables)s, false);
