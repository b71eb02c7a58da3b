-- A copy of a database does not clean until somebody says that it may.
select maint.confirm(p_guard => 'copy', p_reason => 'made for a run of the benchmark');
