-- One CALL, alone, because it commits.
call maint.convert('public.agg_1m', p_undo => true, p_quiet => true);
