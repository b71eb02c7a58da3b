"""What the fixtures hand to tests."""

from support.cluster import Cluster, ExternalCluster, LocalCluster, Standby
from support.command import Cli, Result
from support.database import Database, running

__all__ = ["Cli", "Cluster", "Database", "ExternalCluster", "LocalCluster", "Result", "Standby", "running"]
