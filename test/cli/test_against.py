"""bench/against.py judges rightly which of two commits is worse."""
import importlib.util

import pytest
from conftest import ROOT

spec = importlib.util.spec_from_file_location("against", ROOT / "bench/against.py")
against = importlib.util.module_from_spec(spec)
spec.loader.exec_module(against)

OTHER = {"rows/s": 1000.0, "CPU-s": 2.0, "MiB": 100.0}


def test_the_best_run_is_the_fastest_and_the_cheapest():
    assert against.best([OTHER, {"rows/s": 900.0, "CPU-s": 1.5, "MiB": 120.0}]) == OTHER | {"CPU-s": 1.5}


@pytest.mark.parametrize("change, key", [({"rows/s": 500.0}, "rows/s"), ({"CPU-s": 4.0}, "CPU-s"), ({"MiB": 200.0}, "MiB")])
def test_slower_dearer_and_larger_are_worse_and_the_contrary_is_better(change, key):
    assert against.worsening(OTHER | change, OTHER) == dict.fromkeys(OTHER, 1.0) | {key: 2.0}
    assert against.worsening(OTHER, OTHER | change)[key] == 0.5
