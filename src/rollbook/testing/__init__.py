"""For people who write stores and plugins: conformance suites and fault wrappers. Needs pytest."""
