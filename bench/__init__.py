"""The benchmark: a pass beside the other ways in which expired rows are deleted, on one server in one run."""
