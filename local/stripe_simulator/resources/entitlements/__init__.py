"""Entitlements: features, which products have them, and which customers therefore do."""
