-- A new table for every measurement; the conversion of the last one goes with it.
drop table if exists agg_1m;
delete from maint._conversion;
delete from maint._policy;
