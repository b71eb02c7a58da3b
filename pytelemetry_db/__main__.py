"""``python -m pytelemetry_db`` is the same as ``pytelemetry-db``."""

from pytelemetry_db.cli import main

if __name__ == "__main__":
    main()
