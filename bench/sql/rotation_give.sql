-- pg_partman's to maintain: the same policy, handed over.
select h.aspect from maint.hand_back(%(relation)s::text::regclass, true, 'UTC') as h;
