"""The lifecycle ``upgrade``: any change of a subscription that is no cancellation."""
