-- Goes on as another role until the transaction ends.
select pg_catalog.set_config('role', %(role)s, true) as role;
