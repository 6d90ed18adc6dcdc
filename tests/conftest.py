"""Fixtures for every level of tests."""

pytest_plugins = ["tests.support.stack"]
