-- The clock that policies, holds and guards go by: the start of the transaction.
-- The one place that reads it.
create or replace function @extschema@._clock()
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select now()
$$;
comment on function @extschema@._clock() is
'The clock that policies, holds and guards go by.';
