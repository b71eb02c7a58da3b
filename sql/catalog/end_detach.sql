-- partition rotate --concurrently: tells the pass how it ended.
select
    @extschema@._end_detach(
        p_relation_id => %(relation_id)s,
        p_detacher => %(detacher)s,
        p_error_sqlstate => %(sqlstate)s,
        p_error_message => %(message)s
    );
