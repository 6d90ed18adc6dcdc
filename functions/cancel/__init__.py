"""The lifecycle ``cancel``: a cancellation that is set, undone or done, and a deleted customer."""
