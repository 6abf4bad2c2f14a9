"""What stands in a person's way, said in one sentence together with what to do about it."""


class TroubleError(Exception):
    """Setting up cannot go on; `str()` of it is the sentence that a person should read."""
