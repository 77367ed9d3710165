"""In the place of the spark-bigquery-connector, which cannot be had for Spark 4 where the tests run: a sink of streams of its name,
which a Spark server finds by this module's. As the connector's indirect method does, it puts a batch into its table in
whole or not at all, and does not know a batch again that it has written. BigQuery is the emulator, by REST.

STAND_IN_FOLDER  of the test: `options` gets a line of JSON for each batch; `kill`, when there, has a table's name: after
                 the next batch of that table, before Spark hears of it, the server whose number is in `pid` is killed
"""
import base64
import datetime
import json
import os
import signal
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql.datasource import DataSource, DataSourceStreamArrowWriter, WriterCommitMessage


def as_json(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return value


@dataclass
class Rows(WriterCommitMessage):
    rows: list


class Writer(DataSourceStreamArrowWriter):
    def __init__(self, options, schema):
        self.options = {key.lower(): value for key, value in options.items()}
        self.types = {field.name: field.dataType.simpleString() for field in schema}

    def write(self, iterator):
        return Rows([{name: as_json(value) for name, value in row.items() if value is not None}
                     for batch in iterator for row in batch.to_pylist()])

    def commit(self, messages, batchId):
        folder = Path(os.environ["STAND_IN_FOLDER"])
        with open(folder / "options", "a") as seen:
            seen.write(json.dumps({"batch": batchId, "types": self.types, **self.options}) + "\n")
        project, dataset, table = self.options["path"].split(".")
        rows = [row for message in messages for row in message.rows]
        if rows:
            request = urllib.request.Request(
                f"{self.options['bigqueryhttpendpoint']}/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}/insertAll",
                data=json.dumps({"rows": [{"json": row} for row in rows]}).encode(), headers={"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=120) as answer:
                refused = json.load(answer).get("insertErrors")
            if refused:
                raise RuntimeError(f"{table}: {refused[:2]}")
        kill = folder / "kill"
        if rows and kill.exists() and kill.read_text() == table:
            kill.unlink()
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


class DefaultSource(DataSource):
    @classmethod
    def name(cls):
        return "bigquery"

    def streamWriter(self, schema, overwrite):
        return Writer(self.options, schema)
