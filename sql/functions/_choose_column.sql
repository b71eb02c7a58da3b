-- requires: _time_columns
-- The time column of a new policy when none was named: the only column of a
-- time type; several or none is an error that lists the candidates.
create or replace function @extschema@._choose_column(p_relation_id oid)
returns name
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_columns name [] := @extschema@._time_columns(p_relation_id);
begin
    if cardinality(v_columns) = 1 then
        return v_columns[1];
    end if;
    raise exception '% has % columns of a time type; name the one that tells the age of a row',
        @extschema@._qualified_name(p_relation_id), coalesce(cardinality(v_columns), 0)
        using errcode = 'invalid_parameter_value',
        detail = coalesce('Candidates: ' || array_to_string(v_columns, ', ') || '.', 'An integer epoch column must be named together with its unit.'),
        hint = 'Say p_column => ''…'' (command line: --column).';
end
$$;
comment on function @extschema@._choose_column(oid) is
'The only time column of a table, or an error that lists the candidates.';
