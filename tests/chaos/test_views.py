"""Those who look: what they make of an event stream, and what they remember of a page."""

from collections.abc import AsyncIterator

from tests.chaos.views import Frame, figures, frames


async def test_frames_come_with_their_predecessor_wherever_the_stream_is_cut() -> None:
    """A checkpoint is a frame without data; comments other than `prev` say nothing to us."""
    stream = b'retry: 100\n\n: head e-9\nid: e-1\n\n: prev e-1\nid: e-2\nevent: a.b\ndata: {"x": "a: b"}\n\n: half'
    for size in (1, 7, len(stream)):
        found = [frame async for frame in frames(_in_pieces(stream, size))]

        assert found == [Frame(), Frame(id="e-1"), Frame("e-2", "a.b", '{"x": "a: b"}', "e-1")]


def test_figures_are_numbers_without_words() -> None:
    """What stands in the history of every look."""
    assert figures({"title": "Soup", "pledged": 3, "status": "open"}) == {"pledged": 3, "status": "open"}


async def _in_pieces(stream: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(stream), size):
        yield stream[start : start + size]
