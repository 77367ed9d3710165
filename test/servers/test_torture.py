"""A few rounds of torture.py; `make torture` runs a hundred."""
import os

import pytest

pytestmark = pytest.mark.skipif(not os.environ.get("PREGAO_TEST_KAFKA_RUN"), reason="needs setup/services/kafka.sh")


def test_nothing_is_lost_or_doubled_when_all_are_killed_again_and_again(tmp_path):
    from torture import torture

    counted = torture(tmp_path, rounds=6, seed=int(os.environ.get("PREGAO_TORTURE_SEED", "20261125")), say=print)
    assert counted["silver"] > 3000 and counted["quarantine"] > 0 and counted["duplicates"] > 0, counted
