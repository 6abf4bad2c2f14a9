"""The services of the platform, each owner of its own store."""
