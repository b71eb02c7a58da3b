-- doctor: what of the server, the database and the connected role stops us, or
-- surprises, with the statement that mends it. Reads catalogs only, so that it
-- works before we are installed.
with facts as (
    select
        pg_catalog.current_setting('server_version_num')::integer / 10000 as major,
        quote_ident(current_user) as role_name,
        quote_ident(pg_catalog.current_database()) as database_name,
        %(schema)s::name as schema_name,
        n.nspowner as owner_id,
        r.rolsuper as is_superuser
    from pg_catalog.pg_roles as r
    left join pg_catalog.pg_namespace as n on n.nspname = %(schema)s::name
    where r.rolname = current_user
),

setting as (
    select
        s.name,
        s.setting,
        s.unit,
        pg_catalog.current_setting(s.name) as shown,
        case when s.vartype in ('integer', 'real') then s.setting::numeric end as amount
    from pg_catalog.pg_settings as s
)

select
    'server_version' as check_id,
    'error' as level,
    'PostgreSQL ' || f.major || ' is too old' as detail,
    'upgrade to PostgreSQL 15 or later' as fix
from facts as f
where f.major < 15
union all
select
    'server_version' as check_id,
    'warning' as level,
    'PostgreSQL ' || f.major || ' is newer than what this version was tested with (15 to 18)' as detail,
    'pip install --upgrade pytelemetry-db' as fix
from facts as f
where f.major > 18
union all
select
    'recovery' as check_id,
    'warning' as level,
    'this server is a read-only standby: passes run on the primary' as detail,
    'connect to the primary' as fix
where pg_catalog.pg_is_in_recovery()
union all
select
    'create' as check_id,
    'error' as level,
    'role ' || f.role_name || ' may not create schema ' || quote_ident(f.schema_name) as detail,
    'grant create on database ' || f.database_name || ' to ' || f.role_name || ';' as fix
from facts as f
where
    f.owner_id is null
    and not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
union all
select
    'owner' as check_id,
    'warning' as level,
    'role ' || f.role_name || ' is a superuser, which may neither own our schema nor clean tables of others' as detail,
    'install with --owner ROLE, and connect as that role' as fix
from facts as f
where f.is_superuser
union all
select
    'member' as check_id,
    'error' as level,
    'role ' || f.role_name || ' is not a member of '
    || pg_catalog.pg_get_userbyid(f.owner_id) || ', the owner of schema ' || quote_ident(f.schema_name) as detail,
    'grant ' || quote_ident(pg_catalog.pg_get_userbyid(f.owner_id)) || ' to ' || f.role_name || ';' as fix
from facts as f
where
    f.owner_id is not null
    and not pg_catalog.pg_has_role(f.owner_id, 'MEMBER')
    -- Neither is an operator, who may pause.
    and not exists (
        select from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where
            n.nspname = f.schema_name
            and c.relname = '_policy'
            and pg_catalog.has_any_column_privilege(c.oid, 'UPDATE')
    )
union all
select
    'temporary' as check_id,
    'warning' as level,
    'role ' || f.role_name || ' may not make temporary tables: a policy cannot have a condition' as detail,
    'grant temporary on database ' || f.database_name || ' to ' || f.role_name || ';' as fix
from facts as f
where not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
union all
select
    'publication' as check_id,
    'warning' as level,
    'publication ' || quote_ident(p.pubname)
    || ' replicates all tables, ours too: its subscribers need the same schema, or stop' as detail,
    'pytelemetry-db install --allow-all-tables-publication' as fix
from pg_catalog.pg_publication as p
where p.puballtables
union all
select
    s.name as check_id,
    'warning' as level,
    case s.name
        when 'statement_timeout'
            then 'statement_timeout is ' || s.shown || ' for this role and counts over a whole pass: it ends at 80 %%'
        when 'transaction_timeout'
            then 'transaction_timeout is ' || s.shown || ' for this role and ends the session, also during ANALYZE'
        else 'default_transaction_read_only is on for this role: policies cannot be changed'
    end as detail,
    'alter role ' || f.role_name || ' in database ' || f.database_name || ' set ' || s.name || ' = '
    || case s.name when 'default_transaction_read_only' then 'off' else '0' end || ';' as fix
from setting as s
cross join facts as f
where
    (s.name in ('statement_timeout', 'transaction_timeout') and s.amount > 0)
    or (s.name = 'default_transaction_read_only' and s.setting = 'on')
union all
select
    'track_activities' as check_id,
    'warning' as level,
    'track_activities is off: a pass that died is noticed a minute late' as detail,
    'alter system set track_activities = on;' as fix
from setting as s
where s.name = 'track_activities' and s.setting = 'off'
union all
select
    'autovacuum' as check_id,
    'warning' as level,
    'autovacuum is off: the room of removed rows is never used again' as detail,
    'alter system set autovacuum = on;' as fix
from setting as s
where s.name = 'autovacuum' and s.setting = 'off';
