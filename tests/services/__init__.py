"""Real parts that tests start for themselves: PostgreSQL and an S3 server. Nothing here is used outside tests."""
