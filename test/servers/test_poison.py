"""Records that are no quotes, between good ones, through a real broker: each lies in quarantine with reason and bytes."""
import os
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from deltalake import DeltaTable
from test_kafka import BROKER, TIMEOUT, pregao  # noqa: F401 (pregao is a fixture)

import oracle

pytestmark = pytest.mark.skipif(not BROKER, reason="needs setup/services/kafka.sh: make test-servers")

NOW = int(time.time() * 1000)
MOST = 12_000_000  # bytes of a record that the topic takes


def message(price="1.5", at=NOW, ticker='"A"', more=""):
    return f'{{"ticker":{ticker},"price":{price},"time":{at},"received_at":{NOW}{more}}}'.encode()


POISON = [
    ("malformed", b"not json"), ("malformed", b""), ("malformed", b'{"ticker":"A","price":1'), ("malformed", b"[1,2,3]"),
    ("malformed", b"\x00\x01\x02\xff\xfe"), ("malformed", message(price="NaN")), ("malformed", message(price="Infinity")),
    ("malformed", message(ticker='"A?"').replace(b"?", b"\xff")),  # no UTF-8
    ("malformed", message(ticker='"A?"').replace(b"?", b"\xed\xa0\x80")),  # half a surrogate pair
    ("malformed", message(more=',"price":2')), ("malformed", message() + b"}"), ("malformed", b"[" * 100_000),
    ("tombstone", None),
    ("missing_field", b"{}"), ("missing_field", b'{"ticker":"A","price":1}'), ("missing_field", message(ticker='""')),
    ("wrong_type", message(price='"38.2"')), ("wrong_type", message(at='"now"')), ("wrong_type", message(at=1.5)),
    ("wrong_type", message(ticker="7")), ("wrong_type", message(more=',"day_volume":1e3')),
    ("bad_price", message(price="1e400")), ("bad_price", message(price="-1e400")),
    ("bad_price", message(price="-1", more=',"quote_type":"EQUITY"')),
    ("bad_price", message(price="0", more=',"quote_type":"ETF"')),
    ("bad_time", message(at=-5)), ("bad_time", message(at=0)), ("bad_time", message(at=NOW + 400_000)),
    ("bad_time", message(at=9_223_372_036_854_775_807)), ("bad_time", message(at=-9_223_372_036_854_775_808)),
    ("too_large", message(ticker='"' + "T" * 200 + '"')), ("too_large", message(more=f',"short_name":"{"n" * 1_100_000}"')),
    ("too_large", os.urandom(10_000_000)), ("too_large", message(more=f',"short_name":"{"n" * 10_000_000}"')),
]


def test_each_lies_in_quarantine_with_reason_and_bytes_and_its_neighbours_are_rows(pregao):  # noqa: F811
    name = pregao.topic.rsplit("/", 1)[1]
    admin = AdminClient({"bootstrap.servers": BROKER})  # a handle that is dropped gives up what it does
    [made] = admin.create_topics([NewTopic(name, 2, config={"max.message.bytes": str(MOST)})]).values()
    made.result(TIMEOUT)
    producer = Producer({"bootstrap.servers": BROKER, "message.max.bytes": MOST, "partitioner": "murmur2_random"})
    failed = []
    sent = [message(at=NOW - 100_000)]
    for number, (_, value) in enumerate(POISON):
        sent += [value, message(at=NOW - 99_999 + number)]
    for value in sent:
        producer.produce(name, value=value, key=b"A", timestamp=NOW, on_delivery=lambda error, _: error and failed.append(error))
    assert producer.flush(TIMEOUT) == 0 and not failed, failed

    summary = pregao.json("silver", "--until", "end")
    assert summary["consumed"] == len(sent) and summary["rows"] == len(POISON) + 1, summary
    assert summary["quarantined"] == len(POISON) and summary["duplicates"] == 0
    pregao.audit()
    lake = pregao.folder / "data/lake"
    quarantine, silver, bronze = (DeltaTable(str(lake / root)).to_pyarrow_table() for root in
                                  ("silver/quarantine", "silver/quotes", "bronze/quotes"))
    rows = sorted(quarantine.to_pylist(), key=lambda row: row["offset"])
    assert [row["offset"] for row in rows] == list(range(1, len(sent), 2))
    for row, (reason, value) in zip(rows, POISON):
        excerpt = (value or b"")[:80]
        assert row["reason"] == reason, (row["reason"], row["detail"], excerpt)
        assert row["value"] == value and row["key"] == b"A", excerpt
        assert row["detail"] and len(row["detail"]) < 500, (reason, excerpt)
    assert sorted(silver["offset"].to_pylist()) == list(range(0, len(sent), 2))
    assert [row["value"] for row in sorted(bronze.to_pylist(), key=lambda row: row["offset"])] == sent
    assert oracle.differences(oracle.read_topic(BROKER, name), silver, quarantine) == []
    assert pregao.json("silver", "--until", "end")["consumed"] == 0
    assert pregao("read", "quarantine", "--tail", "100", "--format", "json")
