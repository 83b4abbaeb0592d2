"""The server: the verbs over HTTP. Authentication, the JSON API, status codes, settings; it decides nothing itself.

`application.create_application` puts it together. Every route states what it needs (`gate.Access`), and the one gate
asks for it before the route's own code runs.
"""
