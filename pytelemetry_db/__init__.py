"""Retention and maintenance for PostgreSQL telemetry tables, running inside the database."""

__version__ = "0.1.0"

__all__ = ["__version__"]
