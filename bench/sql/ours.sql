-- One pass, which commits, so it is called alone.
call maint.cleanup(
    p_table => %(relation)s::text::regclass,
    p_max_duration => make_interval(secs => %(cap)s),
    p_quiet => true,
    p_duty => 'full'
);
