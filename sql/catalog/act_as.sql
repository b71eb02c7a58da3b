-- Goes on as another role for the rest of the session.
select pg_catalog.set_config('role', %(role)s, false);
