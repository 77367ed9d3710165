"""Messages of every kind that a topic may hold: good ones, and what goes wrong with them, by a seed."""
import json
import random

TYPES = ("EQUITY", "ETF", "MUTUALFUND", "CRYPTOCURRENCY", "CURRENCY", "INDEX", "FUTURE", "OPTION", "ECNQUOTE", 46)
NUMBERS = ("change", "change_percent", "previous_close", "day_high", "day_low", "open_price", "strike_price", "bid", "ask",
           "circulating_supply", "market_cap")
INTEGERS = ("day_volume", "expire_date", "open_interest", "options_type", "mini_option", "last_size", "bid_size", "ask_size",
            "price_hint", "vol_24hr", "vol_all_currencies")
TEXTS = ("currency", "exchange", "short_name", "underlying_symbol", "from_currency", "last_market", "source")
KEYS = ("ticker", "price", "time", "received_at", "quote_type", "market_hours", *NUMBERS, *INTEGERS, *TEXTS)
WORDS = ("", "R$", "São Paulo", "日本", "🜨 earth", "a\"b\\c/d", "\u0001\n\t", "\u2028", "x" * 200)
TOKENS = ("null", "true", "false", "0", "-0", "0.0", "-1", "1.0", "1e3", "-1E-3", "1e400", "-1e400", "1e-400", "01", "+1", "1.", ".5",
          "NaN", "Infinity", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e19",
          "123456789012345678901234567890123456789.5", "0.1234567890123456789012345678901234567890", "253402300800000",
          '""', '"12.5"', '"EQUITY"', r'"\ud800"', r'"\ud83d\ude00"', r'"\u0041"', r'"\x41"', '"\t"', "[]", "{}", '[1,"a",null]',
          '{"a":{"b":[1]}}', "nul", "tru", "'a'", "", " ", "//", "[1,]", "undefined")


class Corpus:
    """Draws messages as bytes, or None for a tombstone; the same seed, the same messages."""

    def __init__(self, seed):
        self.dice, self.sent, self.now = random.Random(seed), [], 1_760_000_000_000

    def fields(self):
        dice = self.dice
        self.now += dice.randrange(3) * 500
        quote = {"ticker": dice.choice(("PETR4.SA", "AAPL", "BTC-USD", "日本.T", "É")), "price": round(dice.uniform(0.01, 99), 4),
                 "time": self.now, "quote_type": dice.choice(TYPES), "market_hours": dice.choice(("REGULAR_MARKET", 7))}
        for keys, draw in ((NUMBERS, lambda: dice.choice((0, -1, round(dice.uniform(-9, 9), 6), 1e300, 10 ** 18))),
                           (INTEGERS, lambda: dice.choice((0, -1, dice.randrange(10 ** 12)))),
                           (TEXTS, lambda: dice.choice(WORDS))):
            quote |= {key: draw() for key in keys if dice.random() < 0.3}
        if dice.random() < 0.9:
            quote["received_at"] = self.now + dice.choice((0, 250, 5_000, -299_999, -300_001))
        return [(json.dumps(key), json.dumps(value, ensure_ascii=dice.random() < 0.5)) for key, value in quote.items()]

    def text(self, fields):
        dice = self.dice
        space = dice.choice(("", "", " ", "\n\t "))
        dice.shuffle(fields)
        return space + "{" + ("," + space).join(f"{key}{space}:{value}" for key, value in fields) + "}" + space

    def spoilt(self):
        """A message with one or two things changed: a value, a key, or the text itself."""
        dice, fields = self.dice, self.fields()
        for _ in range(dice.choice((1, 1, 2))):
            at, kind = dice.randrange(len(fields)), dice.randrange(6)
            if kind == 0:
                fields.pop(at)
            elif kind == 1:
                fields[at] = (fields[at][0], dice.choice(TOKENS))
            elif kind == 2:
                fields.append((json.dumps(dice.choice(KEYS)), dice.choice(TOKENS)))
            elif kind == 3:
                fields.append((json.dumps(dice.choice(("extra", "", "Price", "unknown_fields"))), dice.choice(TOKENS)))
            elif kind == 4:
                fields[at] = (fields[at][0].replace("e", r"\u0065"), fields[at][1])
            fields = fields or self.fields()
        value = self.text(fields).encode()
        if dice.random() < 0.3:
            at = dice.randrange(len(value) + 1)
            value = dice.choice((value[:at], value + dice.choice((b"x", b"]", b"}", b",1", b"]7", value)), b"\xef\xbb\xbf" + value,
                                 value[:at] + dice.choice((b"\xff", b"\x00", b",", b"\xed\xa0\x80", b'"')) + value[at:],
                                 b"[" + value + b"]", b"", b" ", b"null", b"7", b'"a"'))
        return value

    def next(self):
        dice = self.dice
        roll = dice.random()
        if roll < 0.15 and self.sent:  # again: now, or long after
            return dice.choice(self.sent)
        if roll < 0.5:
            value = self.spoilt()
        elif roll < 0.501:
            return None
        elif roll < 0.5012:
            return self.text(self.fields()).encode() + b" " * (1 << 20)
        else:
            value = self.text(self.fields()).encode()
        self.sent.append(value)
        return value


def produce(brokers, topic, count, seed, partitions=4):
    """Makes the topic and fills it with a corpus."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": brokers})
    admin.create_topics([NewTopic(topic, partitions, config={"max.message.bytes": "4000000"})])[topic].result()
    producer = Producer({"bootstrap.servers": brokers, "message.max.bytes": 4_000_000, "linger.ms": 20,
                         "queue.buffering.max.messages": 1_000_000})
    corpus = Corpus(seed)
    for number in range(count):
        value = corpus.next()
        # A ticker stays in its partition, as the listener has it: its key is the ticker, or what stands for one.
        producer.produce(topic, value, key=f"{hash_of(value) % 7}", timestamp=corpus.now)
        producer.poll(0)
    assert producer.flush(60) == 0


def hash_of(value):
    return sum(value[:40] or b"") if value else 0
