"""Campaigns and their partners, community events, and the places that people take in them."""
