"""The Python client: runs, artifacts, evaluations and queries over a small transport protocol."""
