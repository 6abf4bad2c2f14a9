import bson

from tests.bench.copies import Mould

IDS = {"need": b"need_aaaa", "pledge": b"need_aaaa.zz", "command": b"0-0"}


def test_a_copy_has_other_ids_and_is_the_same_otherwise() -> None:
    """An id that contains another is taken as itself; ids of the same length leave BSON sound."""
    piece = bson.encode({"_id": "need_aaaa.zz", "need_id": "need_aaaa", "f": b"by 0-0", "n": 7})

    copy = Mould(piece, IDS).copy({"need": b"need_bbbb", "pledge": b"need_bbbb.yy", "command": b"9-9"})

    assert bson.decode(copy) == {"_id": "need_bbbb.yy", "need_id": "need_bbbb", "f": b"by 9-9", "n": 7}


def test_a_copy_with_the_same_ids_is_the_same() -> None:
    """Byte for byte."""
    piece = b"..need_aaaa.zz..need_aaaa..0-0"

    assert Mould(piece, IDS).copy(IDS) == piece
