-- Sessions that waited for a pass when it was about to commit a batch.
select coalesce(max(r.blocked), 0) as blocked
from maint.runs as r;
