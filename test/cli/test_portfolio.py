"""The positions of the watchlist as commands show them, against the arithmetic of somebody else."""
import json

import pytest

from test_pipeline import rows


@pytest.fixture
def held(lake):
    """Positions among the recorded quotes, one without a quote; a rate of the euro is among the quotes."""
    lake.write("carteira.txt", "AAPL 10 100,5  # held\nMSFT\nBTC-USD 0.5 20000\nNONE.SA 3 7\n")
    return lake


def read(pregao, *args):
    return json.loads(pregao("read", "portfolio", "--json", *args))


def test_positions_have_their_value_and_profits(held):
    latest = {row["ticker"]: row for row in rows(held, "select ticker, price, change from latest")}
    apple, bitcoin, none = read(held)
    for got, quantity, paid in [(apple, 10, 100.5), (bitcoin, 0.5, 20000)]:
        quote = latest[got["ticker"]]
        assert got["price"] == quote["price"] and got["currency"] == "USD"
        assert got["value"] == pytest.approx(quantity * quote["price"])
        assert got["day_profit"] == pytest.approx(quantity * quote["change"])
        assert got["total_profit"] == pytest.approx(quantity * (quote["price"] - paid))
        assert got["base_currency"] is None and got["base_value"] is None and got["rate"] is None
    assert (none["ticker"], none["currency"], none["cost"]) == ("NONE.SA", "BRL", 21)
    assert none["price"] is None and none["value"] is None and none["total_profit"] is None


def test_in_a_base_currency_all_is_converted_by_the_last_rate(held):
    [euro] = rows(held, "select price from latest where ticker = 'EURUSD=X'")
    apple, bitcoin, _ = read(held, "--portfolio.currency", "EUR")
    for got in (apple, bitcoin):
        assert got["base_currency"] == "EUR" and got["rate"] == pytest.approx(1 / euro["price"])
        for column in ("value", "cost", "day_profit", "total_profit"):
            assert got[f"base_{column}"] == pytest.approx(got[column] / euro["price"])
    held.write("pregao.toml", "[portfolio]\ncurrency = \"EUR\"\n")
    totals = rows(held, "select * from portfolio_totals")
    assert [(t["currency"], t["in_base"], t["positions"]) for t in totals] == [("USD", False, 2), ("EUR", True, 2)]
    assert totals[1]["value"] == pytest.approx(apple["base_value"] + bitcoin["base_value"])


def test_while_a_rate_is_not_known_nothing_is_given_in_the_base_currency(held):
    out = held("read", "portfolio", "--portfolio.currency", "BRL", code=None)
    assert "the rate of USD in BRL is not in silver yet" in out
    apple, _, none = read(held, "--portfolio.currency", "BRL")
    assert apple["value"] > 0 and apple["rate"] is None and apple["base_value"] is None
    assert none["rate"] == 1
    held.write("pregao.toml", "[portfolio]\ncurrency = \"BRL\"\n")
    assert [t["value"] for t in rows(held, "select * from portfolio_totals where in_base")] == [None]


def test_people_get_their_sums_below(held):
    shown = held("read", "portfolio", "--portfolio.currency", "EUR")
    assert "AAPL" in shown and "base_value" in shown and "all in EUR" in shown
    assert "base_value" not in held("read", "portfolio")
    one = held("read", "portfolio", "--ticker", "BTC-USD", "--columns", "ticker,cost", "--format", "csv")
    assert one.split() == ["ticker,cost", "BTC-USD,10000"]


def test_what_cannot_be_shown_says_why(held):
    assert "what is held now" in held("read", "portfolio", "--follow", code=2)
    assert "\"euro\": expected a currency" in held("read", "portfolio", "--portfolio.currency", "euro", code=2)
    (held.folder / "carteira.txt").unlink()
    assert "carteira.txt does not exist" in held("read", "portfolio", code=1)
    held.write("carteira.txt", "AAPL\n")
    assert read(held) == []
