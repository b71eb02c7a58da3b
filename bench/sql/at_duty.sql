-- A pass that works for a share of the time.
call maint.cleanup(p_table => %(relation)s::text::regclass, p_duty => %(duty)s::text, p_quiet => true);
