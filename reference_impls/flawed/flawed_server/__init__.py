"""The strict servers with one named flaw each, many of them in one process."""
