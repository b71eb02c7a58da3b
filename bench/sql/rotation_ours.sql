-- Ours.
call maint.rotate(%(relation)s::text::regclass, p_quiet => true);
