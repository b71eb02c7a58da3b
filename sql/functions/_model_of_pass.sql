-- What removing so many rows takes on an ordinary machine, for the bill: only
-- the proportions matter once there was a pass. Rows that lie together share pages;
-- scattered ones are met by chance, p_together of them at a time. By pages, all of
-- them are read.
create or replace function @extschema@._model_of_pass(
    p_rows bigint,
    p_table_rows numeric,
    p_pages numeric,
    p_strategy text,
    p_correlation double precision,
    p_together double precision,
    out work_s numeric,
    out wal_bytes numeric
)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        case when p_rows > 0 then 0.02 else 0 end
        + p_rows * 0.0000004 + c.changed * 0.000008 + case when p_strategy = 'pages' then p_pages * 0.000008 else 0 end,
        p_rows * 54 + c.changed * current_setting('block_size')::integer
    from (
        select
            least(p_pages, case
                when abs(coalesce(p_correlation, 1)) >= 0.8 then p_rows * p_pages / greatest(p_table_rows, p_rows, 1)
                else p_pages * (1 - exp(-least(p_rows / greatest(p_pages, 1) / greatest(coalesce(p_together, 1), 1)::numeric, 100)))
            end) as changed
    ) as c
$$;
comment on function @extschema@._model_of_pass(bigint, numeric, numeric, text, double precision, double precision) is
'What removing so many rows takes: seconds of work and bytes of WAL, in proportion.';
