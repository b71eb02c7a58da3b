-- One CALL, alone, because it commits.
call maint.convert('public.agg_1m', '1 month', p_quiet => true);
