"""The comparison itself: what it lets through, and what it must find."""
import pyarrow as pa
from parity import silver_differences


def table(*rows, columns=("topic", "partition", "offset", "price", "source", "received_at")):
    return pa.Table.from_pylist([dict(zip(columns, row)) for row in rows])


BRONZE = table(("t", 0, 0, b"a"), ("t", 0, 1, b"b"), ("t", 0, 2, b"b"), ("t", 0, 3, b"c"),
               columns=("topic", "partition", "offset", "value"))
A, B, C = ("t", 0, 0, 1.5, "x", 7), ("t", 0, 1, 2.5, None, 8), ("t", 0, 3, 3.5, None, 9)


def test_the_same_rows_in_any_order_are_equal():
    assert silver_differences(table(A, B, C), table(C, A, B), BRONZE) == []


def test_of_one_message_twice_either_may_stay():
    assert silver_differences(table(A, B, C), table(A, ("t", 0, 2, 2.5, None, 8), C), BRONZE) == []


def test_what_differs_is_found():
    for wrong in (("t", 0, 0, 1.5, "x", 8), ("t", 0, 0, 1.5, "y", 7), ("t", 0, 0, 1.25, "x", 7), ("t", 0, 1, 1.5, "x", 7),
                  ("t", 1, 0, 1.5, "x", 7), ("t", 0, 9, 1.5, "x", 7), ("u", 0, 0, 1.5, "x", 7)):
        assert silver_differences(table(A, B, C), table(wrong, B, C), BRONZE), wrong
    for wrong in (("t", 0, 2, 2.5, None, 9), ("t", 0, 2, 2.5, "x", 8), ("t", 0, 3, 2.5, None, 8)):  # not just another copy
        assert silver_differences(table(A, B, C), table(A, wrong, C), BRONZE), wrong
    assert silver_differences(table(A, B, C), table(A, B), BRONZE)
    assert silver_differences(table(A, B, C), table(A, B, B, C), BRONZE)
