-- requires: health, progress, _schema
-- Compares the health of now with the incidents that are open, opens and ends some,
-- and queues what every channel has to be told. alert send calls it; of two at a
-- time one does it. What cannot be seen now is not over, and what was acknowledged
-- ends in silence. A pass that is suspended is told as a suspended policy alone.
create or replace function @extschema@._note_incidents(p_channels text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found jsonb;
begin
    if not pg_try_advisory_xact_lock(hashtextextended(format('pytelemetry_db incidents %s', @extschema@._schema()), 0)) then
        return;
    end if;
    select coalesce(jsonb_agg(to_jsonb(f)), '[]') into v_found
    from (
        select
            h.check_id, h.status, h.object, h.detail, h.remediation, h.fingerprint,
            case
                when h.check_id = 'retention' and h.detail like 'suspended: %' then 'suspended'
                when h.check_id = 'retention' then 'late'
                when h.check_id = 'passes' then 'failed'
                else 'finding'
            end as kind,
            h.status = 'critical' and not (h.check_id = 'passes' and h.detail like 'run % ended as suspended%') as wrong
        from @extschema@.health as h
    ) as f;
    with ended as (
        update @extschema@._incident as i
        set
            ended_at = clock_timestamp(),
            end_reason = case
                when
                    exists (
                        select from jsonb_to_recordset(v_found) as f (fingerprint text, status text)
                        where f.fingerprint = i.fingerprint and f.status = 'skipped'
                    )
                    then 'acknowledged'
                else 'over'
            end
        where
            i.ended_at is null
            and not exists (
                select from jsonb_to_recordset(v_found) as f (fingerprint text, kind text, wrong boolean)
                where f.fingerprint = i.fingerprint and f.kind = i.kind and f.wrong
            )
            and not exists (
                select from jsonb_to_recordset(v_found) as f (check_id text, status text, object text)
                where f.check_id = i.check_id and f.status = 'unknown' and (f.object is null or f.object = i.object)
            )
            -- Only the end of a pass tells whether it is good again.
            and not (
                i.kind = 'failed'
                and exists (select from @extschema@.progress as g where format('%I.%I', g.schema_name, g.table_name) = i.object)
            )
        returning i.incident_id, i.end_reason
    )

    insert into @extschema@._delivery (incident_id, event, channel)
    select e.incident_id, 'over', d.channel
    from ended as e
    inner join @extschema@._delivery as d on d.incident_id = e.incident_id and d.event = 'began'
    where e.end_reason = 'over';
    insert into @extschema@._incident (kind, fingerprint, check_id, object, detail, remediation)
    select f.kind, f.fingerprint, f.check_id, f.object, f.detail, f.remediation
    from jsonb_to_recordset(v_found) as f (
        kind text, fingerprint text, check_id text, object text, detail text, remediation text, wrong boolean
    )
    where f.wrong
    on conflict (fingerprint, kind) where ended_at is null do nothing;
    -- Also a channel that is new is told what is wrong now.
    insert into @extschema@._delivery (incident_id, event, channel)
    select i.incident_id, 'began', c.channel
    from @extschema@._incident as i
    cross join unnest(p_channels) as c (channel)
    where i.ended_at is null
    on conflict do nothing;
    delete from @extschema@._delivery as d
    using @extschema@._incident as i
    where
        i.incident_id = d.incident_id
        and i.ended_at < clock_timestamp() - @extschema@._get_setting('runs_keep_age')::interval;
    delete from @extschema@._incident as i
    where i.ended_at < clock_timestamp() - @extschema@._get_setting('runs_keep_age')::interval;
end
$$;
comment on function @extschema@._note_incidents(text[]) is
'Opens and ends incidents by the health of now, and queues what is to be told.';
