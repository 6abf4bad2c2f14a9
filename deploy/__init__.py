"""Everything that sets BrumTogether up and keeps it running; imports all the rest; nothing imports it."""
