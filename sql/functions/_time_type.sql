-- The type of a column as the cutoff understands it, with domains resolved;
-- null when the column does not exist, "unsupported" when it is another type.
create or replace function @extschema@._time_type(p_relation_id oid, p_column name)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        with recursive resolved as (
            select t.oid, t.typtype, t.typbasetype
            from pg_attribute as a
            inner join pg_type as t on t.oid = a.atttypid
            where a.attrelid = p_relation_id and a.attname = p_column and a.attnum > 0 and not a.attisdropped
            union all
            select t.oid, t.typtype, t.typbasetype
            from resolved as r
            inner join pg_type as t on t.oid = r.typbasetype
            where r.typtype = 'd'
        )

        select
            case r.oid
                when 'timestamptz'::regtype then 'timestamptz'
                when 'timestamp'::regtype then 'timestamp'
                when 'date'::regtype then 'date'
                when 'integer'::regtype then 'integer'
                when 'bigint'::regtype then 'bigint'
                else 'unsupported'
            end
        from resolved as r
        where r.typtype <> 'd'
    );
end
$$;
comment on function @extschema@._time_type(oid, name) is
'Type of a time column: timestamptz, timestamp, date, integer, bigint, unsupported, or null.';
