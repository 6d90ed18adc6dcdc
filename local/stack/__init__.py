"""One command runs the whole system here: the stack's supervisor, its seeds and the demo."""
