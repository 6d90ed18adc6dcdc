"""The account itself: its events, webhook endpoints and test clocks."""
