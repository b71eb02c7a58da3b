-- A pass over a part of what is expired: its cost is what the plan reckons with.
call maint.cleanup(
    p_table => %(relation)s::text::regclass, p_keep => %(keep)s::text::interval, p_quiet => true, p_duty => 'full'
);
