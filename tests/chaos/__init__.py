"""The path under fire: real processes behind proxies, faults, a history, and a checker that can fail."""
