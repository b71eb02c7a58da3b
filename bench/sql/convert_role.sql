-- Whoever owns the table and the schema is no superuser.
create role converter;
grant create on database postgres to converter;
grant all on schema public to converter;
