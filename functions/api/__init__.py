"""The HTTP API: one module per resource, and one place for who may, what fails and how it looks."""
