-- pg_partman in a schema of its own, for the role that owns the tables.
create schema partman authorization @role@;
create extension pg_partman schema partman;
grant all on all tables in schema partman to @role@;
grant execute on all routines in schema partman to @role@;
