"""What happened: the passes, the tables, the jobs and the decisions of a while, as facts and as documents.

``collect`` reads everything once, into plain values; what makes a text, a page or a file of them opens nothing.
"""

from pytelemetry_db.report.collect import collect, runs
from pytelemetry_db.report.facts import Missing, Pass, Period, Report, Sample, TableReport

__all__ = ["Missing", "Pass", "Period", "Report", "Sample", "TableReport", "collect", "runs"]
