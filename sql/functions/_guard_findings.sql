-- requires: _guards, _count_expired
-- For the plan: the guards as they stand, and the expired rows that holds keep.
create or replace function @extschema@._guard_findings(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    p_expired bigint,
    p_override boolean,
    p_holds text,
    p_unheld text,
    p_exact boolean
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_findings jsonb;
    v_kept record;
begin
    select
        coalesce(
            jsonb_agg(jsonb_build_object('check_id', 'guard', 'level', 'warning', 'detail', format('guard %s: %s', g.guard, g.detail), 'fix', null)), '[]'
        )
    into v_findings
    from @extschema@._guards(p_policy, p_cutoff, p_expired, p_unheld || coalesce(p_holds, '')) as g
    where g.guard = 'clock' or not p_override;
    if p_holds is not null then
        select c.counted, c.exact into v_kept
        from @extschema@._count_expired(
            (p_policy).relation_id, format('%s and not (true%s)', p_unheld, p_holds), case when p_exact then null else 100000 end
        ) as c;
        v_findings := v_findings || jsonb_build_object(
            'check_id', 'hold', 'level', 'note',
            'detail', format('holds keep %s%s expired row%s', case when v_kept.exact then '' else 'about ' end, v_kept.counted, case v_kept.counted when 1 then '' else 's' end),
            'fix', null
        );
    end if;
    return v_findings;
end
$$;
comment on function @extschema@._guard_findings(
    @extschema@._policy, timestamptz, bigint, boolean, text, text, boolean
) is
'For the plan: the guards as they stand, and the expired rows that holds keep.';
