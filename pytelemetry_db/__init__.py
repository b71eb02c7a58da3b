"""Retention and maintenance for PostgreSQL telemetry tables, running inside the database."""

__version__ = "0.2.0"

__all__ = ["__version__"]
