-- cleanup: may this table be cleaned with this keep? Asked for every table
-- before the first one is touched.
select
    @extschema@._check_keep(
        @extschema@._find_policy(%(p_table)s::regclass),
        %(keep)s::interval,
        %(yes)s::boolean
    );
