"""The operators' console: a web page over ``ops``, served on the operator's own machine."""
