"""The public API: identity, limits, commands out, views and live streams in."""
