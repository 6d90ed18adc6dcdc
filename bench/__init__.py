"""Programs that measure what the documentation promises."""
