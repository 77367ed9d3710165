"""The examples of docs/readers.md, run as they stand there, over a lake that pregao has made."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from documented import EXAMPLES, ROOT, prepare

SAYS = {  # what the recorded quotes must make each of them print
    "pandas": r"AAPL +20\d\d-", "polars": r"shape: \([1-9]\d*, 15\)", "DuckDB": r"bar_start", "Spark": r"\|\s*AAPL\|20\d\d-",
    "Superset": r"\[\('[A-Z0-9=.^-]+', [1-9]",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    prepare(folder)
    return folder


def environment(folder, name):
    out = {"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "200"}
    if name == "Spark":  # jars.packages would ask Maven; setup has the same jars by their checksums
        jars = subprocess.run([ROOT / "setup/spark.sh"], capture_output=True, text=True, check=True, timeout=300).stdout.strip()
        jars = ",".join(str(jar) for jar in sorted(Path(jars).glob("*.jar")))
        out |= {"PYSPARK_SUBMIT_ARGS": f"--jars {jars} --conf spark.ui.enabled=false pyspark-shell",
                "SPARK_LOCAL_IP": "127.0.0.1"}
    return out


def test_every_reader_has_its_example():
    assert [name for name, _ in EXAMPLES] == list(SAYS)


@pytest.mark.parametrize("name, code", EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_the_example_runs_and_prints_quotes(folder, name, code):
    if name == "Spark":
        code = re.sub(r'\n *\.config\("spark\.jars\.packages", "io\.delta:delta-spark_2\.13:4\.3\.0"\)', "", code)
    # Without the interpreter's shutdown, in which threads of pyarrow's have been seen to abort a process that was done.
    code += "\nimport os, sys; sys.stdout.flush(); os._exit(0)\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(folder, name), capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(SAYS[name], done.stdout), done.stdout
