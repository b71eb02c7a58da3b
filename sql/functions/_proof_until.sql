-- requires: _missing_partitions, _default_rows, _clock
-- Until which bound one CHECK can prove that a big default has no rows of the partitions that are
-- made from p_lower on: up to the first later one of which it has some, else the end of the last
-- one. Null where the default is small, and needs no proof. p_set: what _partition_set says.
create or replace function @extschema@._proof_until(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    p_set jsonb,
    p_lower text
)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_default oid := (select nullif(t.partdefid, 0) from pg_partitioned_table as t where t.partrelid = (p_policy).relation_id);
begin
    if v_default is null or pg_relation_size(v_default) <= 8388608 then
        return null;
    end if;
    return (
        with missing as (
            select n.lower_at, n.lower_literal, n.upper_literal
            from @extschema@._missing_partitions(
                p_policy, @extschema@._clock(), p_cutoff, (p_set ->> 'taken')::tstzmultirange, (p_set ->> 'origin')::timestamptz
            ) as n
        ),

        later as (
            select m.*
            from missing as m
            where m.lower_at >= (select p.lower_at from missing as p where p.lower_literal = p_lower)
        )

        select coalesce(
            (
                select l.lower_literal
                from later as l
                where l.lower_literal <> p_lower and @extschema@._default_rows(p_policy, l.lower_literal, l.upper_literal) > 0
                order by l.lower_at
                limit 1
            ),
            (select l.upper_literal from later as l order by l.lower_at desc limit 1)
        )
    );
end
$$;
comment on function @extschema@._proof_until(@extschema@._policy, timestamptz, jsonb, text) is
'Until which bound one CHECK can prove that a big default has no rows of partitions to come.';
