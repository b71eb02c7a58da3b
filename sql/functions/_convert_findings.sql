-- requires: _preflight, _convert_key_findings, _convert_part_findings
-- May this table be converted, by this role? One row per reason against it, with
-- the alternative; no row when it may. What is not known to be carried over is
-- a reason too. Looks at the catalogs only; begin, dry run and swap ask here.
create or replace function @extschema@._convert_findings(p_relation_id oid, p_policy @extschema@._policy)
returns table (detail text, fix text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_class pg_class;
    v_kind record;
    v_name text := @extschema@._qualified_name(p_relation_id);
    v_column name := (p_policy).time_column;
begin
    select c.* into v_class from pg_class as c where c.oid = p_relation_id;
    select k.kind, k.reason, k.fix into v_kind from @extschema@._table_kind(p_relation_id) as k;
    if v_kind.kind = 'refused' then
        return query select v_kind.reason, v_kind.fix;
        return;
    elsif v_kind.kind <> 'plain' then
        return query select format('%s is partitioned already', v_name), format('call %I.rotate(%L);', @extschema@._schema(), v_name);
        return;
    end if;
    return query select f.detail, f.fix
    from @extschema@._preflight(p_relation_id, v_column, (p_policy).epoch_unit, current_user) as f
    where f.level = 'error';
    return query select x.detail, x.fix
    from (
        values
        (
            v_class.relpersistence = 'u', format('%s is unlogged, and partitions made later would not be', v_name),
            format('alter table %s set logged; -- writes all of it into the WAL', v_name)
        ),
        (
            v_class.relam <> (select a.oid from pg_am as a where a.amname = 'heap'),
            format('%s has an access method of its own, and partitions made later would not', v_name), format('alter table %s set access method heap;', v_name)
        ),
        (v_class.reloftype <> 0, format('%s is a table of a type', v_name), format('alter table %s not of;', v_name)),
        (
            exists (select from pg_seclabel as s where s.classoid = 'pg_class'::regclass and s.objoid = p_relation_id),
            format('%s has security labels, which are not carried over', v_name), 'Take them away, and label the new table afterwards.'
        ),
        (
            exists (
                select from pg_depend as d
                where d.classid = 'pg_class'::regclass and d.objid = p_relation_id and d.deptype = 'e'
            ),
            format('%s belongs to an extension', v_name), 'Leave it to the extension.'
        ),
        (
            exists (select from pg_subscription_rel as s where s.srrelid = p_relation_id),
            format('%s is the target of a subscription, which would go on writing into the old table', v_name),
            'Convert it on the publisher, or drop the subscription first.'
        ),
        (
            not pg_has_role(v_class.relowner, 'USAGE'),
            format('role %s does not own %s', current_user, v_name), format('set role %I; -- then again', v_class.relowner::regrole)
        ),
        (
            not has_schema_privilege(v_class.relowner, v_class.relnamespace, 'CREATE')
            or not has_schema_privilege(v_class.relnamespace, 'CREATE'),
            format('the owner of %s may not make tables in schema %s', v_name, v_class.relnamespace::regnamespace),
            format('grant create on schema %s to %s;', v_class.relnamespace::regnamespace, v_class.relowner::regrole)
        ),
        (
            not exists (
                select from pg_attribute as a
                where a.attrelid = p_relation_id and a.attname = v_column and a.attnotnull
            ),
            format('column %I of %s may be null, and a row without a time has no partition', v_column, v_name),
            format(
                'alter table %1$s add constraint %3$I check (%2$I is not null) not valid; alter table %1$s validate constraint %3$I; alter table %1$s alter column %2$I set not null; alter table %1$s drop constraint %3$I;',
                v_name, v_column, 'time_is_not_null'
            )
        ),
        (
            exists (
                select from pg_attribute as a
                where a.attrelid = p_relation_id and a.attname = v_column and a.attgenerated <> ''
            ),
            format('column %I of %s is generated, and cannot be a partition key', v_column, v_name), 'Make it an ordinary column that the application fills.'
        ),
        (
            not exists (
                select from pg_attribute as a
                where a.attrelid = p_relation_id and a.attname = v_column and (a.atthasdef or a.attidentity <> '')
            )
            and exists (
                select from pg_trigger as g
                inner join pg_proc as f on f.oid = g.tgfoid
                where
                    g.tgrelid = p_relation_id and g.tgenabled <> 'D' and not g.tgisinternal
                    -- For each row, before, INSERT.
                    and (g.tgtype & 7) = 7
                    and f.prosrc ~* format('new\s*\.\s*"?%s"?\s*:?=', regexp_replace(v_column, '\W', '.', 'g'))
            ),
            format('column %I of %s has no default and is filled by a trigger, and the partition of a row is looked up before triggers run', v_column, v_name),
            format('alter table %s alter column %I set default now(); -- or whatever the trigger takes', v_name, v_column)
        )
    ) as x (holds, detail, fix)
    where x.holds;
    return query select k.detail, k.fix from @extschema@._convert_key_findings(p_relation_id, v_column) as k;
    return query select k.detail, k.fix from @extschema@._convert_part_findings(p_relation_id) as k;
end
$$;
comment on function @extschema@._convert_findings(oid, @extschema@._policy) is
'Why a table cannot be converted, with the alternative; no row when it can.';
