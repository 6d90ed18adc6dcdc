"""The frontend's synchronous calls: one module per resource."""
