-- What a pass shows of itself in application_name, at most 63 bytes.
create or replace function @extschema@._live_text(p_run @extschema@._run)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select left(
        format(
            '%s %s: batch %s, %s rows',
            @extschema@._schema(), (p_run).table_name, (p_run).batches + 1, (p_run).rows
        ),
        63
    )
$$;
comment on function @extschema@._live_text(@extschema@._run) is
'What a pass shows of itself in application_name.';
