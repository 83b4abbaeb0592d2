"""The transport that answers from a server, over HTTP. Nothing here is imported before a server is named."""
