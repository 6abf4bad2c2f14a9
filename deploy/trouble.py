"""What stands in a person's way, said in one sentence together with what to do about it."""


class TroubleError(Exception):
    """Setting up cannot go on; `str()` of it is the sentence that a person should read."""


def first_of(group: BaseExceptionGroup[BaseException], kinds: tuple[type[BaseException], ...]) -> BaseException:
    """The first exception of these kinds in a group, else the group: what happened, without the wrapping.

    Not by `except*`: what is raised inside it is wrapped again by some versions of Python.
    """
    found: BaseException | None = group.subgroup(kinds)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return group if found is None else found
