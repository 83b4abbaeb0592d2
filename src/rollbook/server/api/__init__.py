"""The routes of the JSON API, one module per noun. Each translates a request into one verb and its answer into JSON."""
