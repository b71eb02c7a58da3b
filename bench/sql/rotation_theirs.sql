-- pg_partman's.
select partman.run_maintenance(p_parent_table => 'public.' || %(relation)s::text);
