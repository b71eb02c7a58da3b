-- Are the numbers of an epoch column in the unit that the policy says? Read in
-- too small a unit, present rows look decades old and would all be removed.
-- Looks at the first thousand rows; compares their newest with the clock.
create or replace function @extschema@._check_epoch(p_relation_id oid, p_time_column name, p_epoch_unit text)
returns table (check_id text, level text, detail text, fix text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
    v_newest numeric;
    v_likely text;
begin
    execute format(
        'select max(x.t) from (select %I as t from %s limit 1000) as x',
        p_time_column, @extschema@._qualified_name(p_relation_id)
    ) into v_newest;
    if abs(v_newest / @extschema@._epoch_factor(p_epoch_unit) - extract(epoch from now())) < 86400 * 366 * 5 then
        return;
    end if;
    select u.unit into v_likely
    from unnest(array['s', 'ms', 'us', 'ns']) as u (unit)
    where abs(v_newest / @extschema@._epoch_factor(u.unit) - extract(epoch from now())) < 86400 * 366 * 5;
    if found then
        check_id := 'epoch_unit';
        level := 'error';
        detail := format(
            'the newest of the first rows has %I = %s, which is a present time in %s but not in %s',
            p_time_column, v_newest, v_likely, p_epoch_unit
        );
        fix := format('p_epoch_unit => %L', v_likely);
        return next;
    end if;
end
$$;
comment on function @extschema@._check_epoch(oid, name, text) is
'Preflight: does the epoch unit of the policy fit the numbers in the table?';
