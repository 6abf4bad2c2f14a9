"""Needs, pledges on them, and the ledger that both keep."""
