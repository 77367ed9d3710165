"""The oracle's own rules, by example: it must be able to say no."""
import pyarrow as pa
from oracle import Bad, differences, judge

GOOD = b'{"ticker":"A","price":1.5,"time":1700000000000,"change":0.5,"received_at":1700000000100}'


def reason(value):
    try:
        judge(value, 1700000000100)
    except Bad as bad:
        return str(bad)
    return None


def test_each_reason():
    assert reason(GOOD) is None
    assert reason(None) == "tombstone"
    assert reason(b" " * (1 << 20) + GOOD) == "too_large"
    for bad in (b"", b"[]", GOOD + b"x", GOOD[:-1], b'{"ticker":"A","ticker":"A"}', b'{"price":NaN}', b'{"x":"\xff"}'):
        assert reason(bad) == "malformed", bad
    assert reason(GOOD.replace(b"price", b"prize")) == "missing_field"
    assert reason(GOOD.replace(b"1.5", b"null")) == "missing_field"
    assert reason(GOOD.replace(b'"A"', b'""')) == "missing_field"
    assert reason(GOOD.replace(b"1.5", b'"1.5"')) == "wrong_type"
    assert reason(GOOD.replace(b"00100", b"00100.0")) == "wrong_type"
    assert reason(GOOD.replace(b"1.5", b"1e400")) == "bad_price"
    assert reason(GOOD.replace(b"1.5", b'-1,"quote_type":"EQUITY"')) == "bad_price"
    assert reason(GOOD.replace(b"1.5", b"-1")) is None
    assert reason(GOOD.replace(b'"time":17', b'"time":27')) == "bad_time"


def silver(rows):
    return pa.table({"partition": pa.array([p for p, _, _ in rows], pa.int32()),
                     "offset": [o for _, o, _ in rows], "ticker": ["A" for _ in rows],
                     "event_time": pa.array([1700000000000000 for _ in rows], pa.timestamp("us", "UTC")),
                     "price": [price for _, _, price in rows], "change": [0.5 for _ in rows],
                     "previous_close": [price - 0.5 for _, _, price in rows]})


def quarantine(rows):
    return pa.table({"partition": pa.array([0 for _ in rows], pa.int32()), "offset": rows, "reason": ["malformed"] * len(rows)})


def test_it_sees_what_is_missing_doubled_and_wrong():
    records = [(0, 0, 0, GOOD), (0, 1, 0, b"{"), (0, 2, 0, GOOD.replace(b"00100", b"00101"))]
    right, refused = silver([(0, 0, 1.5)]), quarantine([1])
    assert differences(records, right, refused) == []
    assert "missing" in differences(records, silver([]), refused)[0]
    assert "twice" in differences(records, silver([(0, 0, 1.5)] * 2), refused)[0]
    assert "a duplicate" in differences(records, silver([(0, 0, 1.5), (0, 2, 1.5)]), refused)[0]
    assert "should be" in differences(records, silver([(0, 0, 1.25)]), refused)[0]
    assert "missing" in differences(records, right, quarantine([]))[0]
