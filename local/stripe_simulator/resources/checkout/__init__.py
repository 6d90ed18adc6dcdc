"""Checkout: sessions, and paying them."""
