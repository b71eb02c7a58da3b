-- report: who decided what in the period, oldest first.
select
    a.at,
    a.session_role,
    a.acting_role,
    a.action,
    a.object,
    a.table_name,
    a.before,
    a.after
from @extschema@.audit as a
where
    a.at >= %(begins_at)s::timestamptz
    and (
        %(tables)s::text[] is null
        or a.table_name is null
        or a.table_name = any(%(tables)s::text[])
        or exists (
            select from unnest(%(tables)s::text[]) as n (name)
            where right(a.table_name, length(quote_ident(n.name)) + 1) = '.' || quote_ident(n.name)
        )
    )
order by a.at;
