-- A duty as a share of the time, or null when it is none.
create or replace function @extschema@._duty(p_text text)
returns numeric
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when p_text = 'gentle' then 0.2
            when p_text = 'normal' then 0.5
            when p_text = 'full' then 1
            when p_text ~ '^(1|1\.0+|0?\.[0-9]{1,6})$' and p_text::numeric >= 0.01 then p_text::numeric
        end
$$;
comment on function @extschema@._duty(text) is
'A duty (gentle, normal, full, or a number) as a share of the time.';
