-- The condition of a row security policy, for a copy of the policy on another table. In a
-- subquery the server prints the table's name before its columns; in the copy it is the
-- other one's name. Text in quotes is left alone; null stays null.
create or replace function @extschema@._policy_text(p_condition text, p_from oid, p_to oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with tokens as (
        select
            m.n, m.token[1] as token, lag(m.token[1]) over w as before, lead(m.token[1]) over w as after, lead(m.token[1], 2) over w as member
        from regexp_matches(p_condition, '''(?:[^'']|'''')*''|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*|.', 'g') with ordinality as m (token, n)
        window w as (order by m.n)
    )

    select string_agg(
        case
            when
                t.token = quote_ident(c.relname) and t.before is distinct from '.' and t.after = '.'
                and (t.member = '*' or t.member in (select quote_ident(a.attname) from pg_attribute as a where a.attrelid = p_from))
                then quote_ident((select o.relname from pg_class as o where o.oid = p_to))
            else t.token
        end, '' order by t.n
    )
    from tokens as t
    inner join pg_class as c on c.oid = p_from
$$;
comment on function @extschema@._policy_text(text, oid, oid) is
'The condition of a row security policy, for a copy of the policy on another table.';
