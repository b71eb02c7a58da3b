-- requires: _delete_watcher, _holds_of
-- When an expired partition of a policy may go: "bound", its upper bound is proof
-- enough; "rows", only when no row in it must stay, because the definition of expired
-- knows more than time; "empty", only when no row is left, because somebody wants to see
-- each DELETE. Null: no partition is ours to remove. With the reason, and how to end it.
create or replace function @extschema@._removal_rule(
    p_policy @extschema@._policy,
    out rule text,
    out reason text,
    out fix text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if (p_policy).partition_interval is null or (p_policy).managed_by <> 'us' then
        return;
    end if;
    rule := 'empty';
    if (p_policy).remove = 'delete' then
        reason := 'the policy has rows deleted (remove is delete)';
        fix := 'p_remove => ''auto''';
        return;
    end if;
    select w.reason, w.fix into reason, fix from @extschema@._delete_watcher(p_policy) as w;
    if reason is not null then
        return;
    end if;
    rule := 'rows';
    if (p_policy).condition is not null then
        reason := 'the policy has a condition';
        fix := 'p_condition => ''''';
    elsif @extschema@._holds_of((p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name) is not null then
        reason := 'the table has holds';
        fix := 'Release them (view holds).';
    else
        rule := 'bound';
    end if;
end
$$;
comment on function @extschema@._removal_rule(@extschema@._policy) is
'When an expired partition of a policy may go, and why not earlier.';
