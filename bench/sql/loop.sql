-- The loop commits, so it is called alone.
call bench_loop(%(relation)s::regclass, %(time_column)s::name, %(ordered)s::boolean, make_interval(secs => %(cap)s));
