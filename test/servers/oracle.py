"""What Silver and the quarantine must hold, computed from the topic alone: a second reading of the contract, in another
language, with another JSON parser and another Kafka client than pregao's."""
import json
import uuid

import pyarrow as pa
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

MAX_VALUE_BYTES = 1 << 20
MAX_TICKER_BYTES = 128
MAX_AHEAD_MS = 300_000
MAX_TIME_MS = 253_402_300_799_999  # the end of year 9999
ONLY_POSITIVE = {"EQUITY", "ETF", "MUTUALFUND", "CRYPTOCURRENCY", "CURRENCY"}
TEXT = {"ticker", "currency", "exchange", "quote_type", "market_hours", "short_name", "underlying_symbol",
        "from_currency", "last_market", "source"}
ENUMS = {"quote_type", "market_hours"}
INTEGERS = {"time", "day_volume", "expire_date", "open_interest", "options_type", "mini_option", "last_size", "bid_size",
            "ask_size", "price_hint", "vol_24hr", "vol_all_currencies", "received_at"}
NUMBERS = {"price", "change", "change_percent", "previous_close", "day_high", "day_low", "open_price", "strike_price",
           "bid", "ask", "circulating_supply", "market_cap"}
LINEAGE = ("topic", "partition", "offset")


def read_topic(broker, topic):
    """Every record of the topic as (partition, offset, timestamp in ms, value), in the order of each partition."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    records = []
    for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
        end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1]
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        at = -1
        while at < end - 1:
            batch = consumer.consume(min(10_000, end - 1 - at), timeout=30)  # it waits until it has so many
            assert batch, f"partition {partition} gave nothing at {at} of {end}"
            for message in batch:
                assert message.error() is None, message.error()
                at = message.offset()
                records.append((partition, at, message.timestamp()[1], message.value()))
    consumer.close()
    return records


class Bad(Exception):
    """Why a message is refused."""


def parse(value):
    if value is None:
        raise Bad("tombstone")
    if len(value) > MAX_VALUE_BYTES:
        raise Bad("too_large")

    def once(pairs):
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    def no_constant(name):
        raise ValueError(name)

    try:
        message = json.loads(value.decode(), object_pairs_hook=once, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Bad("malformed") from None
    if not isinstance(message, dict):
        raise Bad("malformed")
    return {key: field for key, field in message.items() if field is not None}


def fits(key, field):
    if key in TEXT:
        return isinstance(field, str) or (key in ENUMS and type(field) is int)
    if key in INTEGERS:
        return type(field) is int and (1 if key == "received_at" else -(1 << 63)) <= field < 1 << 63
    return key not in NUMBERS or type(field) in (int, float)


def judge(value, timestamp):
    """The message's fields, or Bad with the reason; the rules in the contract's order."""
    message = parse(value)
    if not message.get("ticker") or not {"price", "time"} <= message.keys():
        raise Bad("missing_field")
    if not all(fits(key, field) for key, field in message.items()):
        raise Bad("wrong_type")
    if abs(message["price"]) == float("inf") or (message["price"] <= 0 and message.get("quote_type") in ONLY_POSITIVE):
        raise Bad("bad_price")
    time = message["time"]
    if not 0 < time <= MAX_TIME_MS or time - message.get("received_at", timestamp) > MAX_AHEAD_MS:
        raise Bad("bad_time")
    if len(message["ticker"].encode()) > MAX_TICKER_BYTES:
        raise Bad("too_large")
    return message


def silver_row(message, columns):
    """The values of `columns` (Silver's market columns), times in microseconds."""
    row = {key: str(field) if key in ENUMS else field for key, field in message.items()}
    row["event_time"] = message["time"] * 1000
    if "previous_close" not in row and "change" in row:
        row["previous_close"] = row["price"] - row["change"]
    return tuple(row.get(column) for column in columns)


def expect(records, columns):
    """(silver, quarantine, duplicates): rows by (partition, offset), reasons by (partition, offset), a set of those."""
    silver, quarantine, duplicates, identities = {}, {}, set(), set()
    for partition, offset, timestamp, value in records:
        try:
            row = silver_row(judge(value, timestamp), columns)
        except Bad as bad:
            quarantine[partition, offset] = str(bad)
            continue
        if row in identities:
            duplicates.add((partition, offset))
        else:
            identities.add(row)
            silver[partition, offset] = row
    return silver, quarantine, duplicates


def differences(records, silver_table, quarantine_table):
    """What is wrong with two tables (pyarrow's) that were filled from `records`: sentences, none when all is right."""
    columns = [name for name in silver_table.column_names if name not in (*LINEAGE, "received_at", "source", "date")]
    silver, quarantine, duplicates = expect(records, columns)
    found = []
    for name, table, expected, value in (("silver", silver_table, silver, columns),
                                         ("quarantine", quarantine_table, quarantine, ["reason"])):
        places = list(zip(table["partition"].to_pylist(), table["offset"].to_pylist()))
        cells = [plain(table[column]) for column in value]
        actual = dict(zip(places, zip(*cells) if name == "silver" else cells[0]))
        found += [f"{name}: {len(places) - len(actual)} places stand there twice"] * (len(places) != len(actual))
        for place in sorted(expected.keys() - actual.keys())[:5]:
            found.append(f"{name}: {place} is missing")
        for place in sorted(actual.keys() - expected.keys())[:5]:
            kind = "a duplicate" if place in duplicates else "not in the topic" if place not in silver else "silver's"
            found.append(f"{name}: {place} is there, which is {kind}")
        wrong = [place for place in expected.keys() & actual.keys() if expected[place] != actual[place]]
        found += [f"{name}: {place} is {actual[place]}, {expected[place]} should be" for place in sorted(wrong)[:5]]
    return found


def plain(column):
    """Values of a column; times in microseconds."""
    if pa.types.is_timestamp(column.type):
        assert column.type.unit == "us", column.type
        column = column.cast("int64")
    return column.to_pylist()
