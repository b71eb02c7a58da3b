-- One field of a schedule as the sorted values it means: *, a, a-b, lists of
-- them, each with /step, and names where the field has some. Stricter than
-- pg_cron, which takes 5-1 and mon#1 for something and then never fires.
create or replace function @extschema@._schedule_field(
    p_text text,
    p_field text,
    p_low integer,
    p_high integer,
    p_names text[] default '{}'
)
returns integer[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_parts text[] := string_to_array(lower(p_text), ',');
    v_part text;
    v_values integer[] := array[]::integer[];
    v_match text[];
    v_from integer;
    v_to integer;
    v_step integer;
begin
    foreach v_part in array v_parts loop
        v_match := regexp_match(v_part, '^(?:(\*)|([a-z]{3}|[0-9]{1,2})(?:-([a-z]{3}|[0-9]{1,2}))?)(?:/([0-9]{1,2}))?$');
        if v_match is null or (v_match[1] is null and v_match[3] is null and v_match[4] is not null) then
            raise exception 'the % of a schedule cannot be "%"', p_field, p_text
                using errcode = 'invalid_parameter_value',
                hint = format('Expected *, a number from %s to %s, a range such as %s-%s, a list with commas, or */5.', p_low, p_high, p_low, p_low + 1);
        end if;
        v_from := case
            when v_match[1] = '*' then p_low
            when v_match[2] ~ '^[0-9]' then v_match[2]::integer
            else array_position(p_names, v_match[2]) - 1 + p_low
        end;
        v_to := case
            when v_match[1] = '*' then p_high
            when v_match[3] is null then v_from
            when v_match[3] ~ '^[0-9]' then v_match[3]::integer
            else array_position(p_names, v_match[3]) - 1 + p_low
        end;
        v_step := coalesce(v_match[4]::integer, 1);
        if v_from is null or v_to is null or v_from < p_low or v_to > p_high or v_from > v_to or v_step not between 1 and greatest(v_to - v_from, 1) then
            raise exception 'the % of a schedule cannot be "%"', p_field, p_text
                using errcode = 'invalid_parameter_value',
                hint = format('Numbers go from %s to %s, ranges upwards, and a step stays within its range.', p_low, p_high);
        end if;
        v_values := v_values || array(select generate_series(v_from, v_to, v_step));
    end loop;
    return array(select distinct v from unnest(v_values) as v order by v);
end
$$;
comment on function @extschema@._schedule_field(text, text, integer, integer, text[]) is
'One field of a schedule as the sorted values it means.';
