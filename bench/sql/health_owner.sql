-- Who owns our schema and the tables: not a superuser.
create role bench_owner login;
grant create on database postgres to bench_owner;
grant all on schema public to bench_owner;
