"""The #BrumTogether season: what a fresh platform shows, as data (*.toml), and the loader that brings it in."""
