"""What must hold of a history: pure functions, one criterion each, that return the violations they find."""
