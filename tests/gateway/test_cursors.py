from hypothesis import given
from hypothesis import strategies as st

from services.gateway import cursors
from services.gateway.cursors import Cursor, Place

PLACES = st.builds(Place, st.integers(0, 10**17), st.text("0123456789abcdef", min_size=8, max_size=8))
EPOCHS = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=32)


@given(EPOCHS, PLACES, st.none() | PLACES)
def test_a_cursor_reads_as_it_was_written(epoch: str, place: Place, told: Place | None) -> None:
    """Epoch, place and the event told last survive the trip through a client."""
    cursor = Cursor(epoch, place, told if told is None or told.offset < place.offset else None)

    assert cursors.read(cursors.text(cursor)) == cursor


@given(st.text(max_size=60))
def test_what_was_never_ours_is_none(given_text: str) -> None:
    """Whatever a client sends is read or refused, never an exception."""
    found = cursors.read(given_text)

    assert found is None or given_text.startswith(f"{found.epoch}-")


def test_an_event_told_last_lies_before_the_place() -> None:
    """A cursor that claims to have told what lies ahead is no cursor."""
    assert cursors.read("abc-5-00000000-7-11111111") is None


def test_cursors_fit_in_one_line_of_visible_ascii() -> None:
    """A cursor can stand in an SSE `id:` field, a header and a query without escaping."""
    longest = cursors.text(Cursor("z" * 32, Place(10**18 - 1, "f" * 8), Place(10**18 - 2, "0" * 8)))

    assert len(longest) <= cursors.LONGEST
    assert set(longest) <= set("0123456789abcdefghijklmnopqrstuvwxyz-")


def test_other_ids_have_other_marks() -> None:
    """The mark tells two events at one offset apart."""
    assert cursors.mark("a.1") != cursors.mark("a.2")
