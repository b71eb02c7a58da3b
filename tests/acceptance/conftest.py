"""What the tests of the schedule share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import Cluster
from support.jobs import CronJobs, cron_jobs


@pytest.fixture
def cron(cluster: Cluster) -> Iterator[CronJobs]:
    """pg_cron of the server of the run, which keeps its jobs in the database postgres."""
    with cron_jobs(cluster) as jobs:
        yield jobs
