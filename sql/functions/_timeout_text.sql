-- What a statement_timeout of this session would do to a pass; null when none
-- is set.
create or replace function @extschema@._timeout_text()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        format(
            'statement_timeout is %s ms for this role and counts over the whole CALL: a pass ends at 80 %% of it',
            s.setting
        )
    from pg_settings as s
    where s.name = 'statement_timeout' and s.setting <> '0'
$$;
comment on function @extschema@._timeout_text() is
'What a statement_timeout of this session would do to a pass.';
