"""The program on gs://, with fake-gcs-server as Google: written by pregao, read by pregao, delta-rs and polars."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import deltalake
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
EMULATOR = os.environ.get("PREGAO_TEST_GCS")
BUCKET = os.environ.get("PREGAO_TEST_GCS_BUCKET")
TIMEOUT = 120
MONTH_S = 30 * 86_400

pytestmark = pytest.mark.skipif(not EMULATOR, reason="needs setup/services/gcs.sh: make test-servers")


class Pregao:
    def __init__(self, folder):
        self.folder = folder
        self.lake = f"gs://{BUCKET}/{folder.name}"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "STORAGE_EMULATOR_HOST": EMULATOR,
                    "PREGAO_LAKE": self.lake}

    def run(self, *args, env=None):
        return subprocess.run([PROGRAM, *args], cwd=self.folder, env=self.env | (env or {}), capture_output=True,
                              text=True, timeout=TIMEOUT)

    def __call__(self, *args, env=None):
        done = self.run(*args, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *args):
        return json.loads(self("--json", *args))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    pregao = Pregao(tmp_path_factory.mktemp("gcs"))
    pregao("replay", str(ROOT / "test/data/frames.txt"))
    pregao("silver", "--until", "end")
    return pregao


def open_delta(pregao, root):
    # delta-rs' client asks for a token unless it is told that none is needed.
    key = json.dumps({"gcs_base_url": EMULATOR, "disable_oauth": True, "client_email": "", "private_key": "",
                      "private_key_id": ""})
    return deltalake.DeltaTable(f"{pregao.lake}/{root}", storage_options={"GOOGLE_SERVICE_ACCOUNT_KEY": key})


def test_delta_rs_reads_what_pregao_committed(lake):
    rows = lake.json("sql", "select ticker, price, \"partition\", \"offset\" from silver order by 3, 4")
    table = open_delta(lake, "silver/quotes").to_pyarrow_table(columns=["ticker", "price", "partition", "offset"])
    theirs = sorted(table.to_pylist(), key=lambda row: (row["partition"], row["offset"]))
    assert rows and theirs == rows
    bronze = open_delta(lake, "bronze/quotes").to_pyarrow_table(columns=["offset"])
    assert bronze.num_rows == lake.json("sql", "select count(*) as n from bronze")[0]["n"]


def test_read_and_audit(lake):
    rows = lake.json("read", "silver", "--tail", "3")
    assert len(rows) == 3
    report = lake.json("audit")
    assert report["clean"] and report["from_bronze"] and report["from_topic"]


def test_files_are_kept_in_the_cache_and_no_session_is_left(lake):
    lake("sql", "select * from silver")
    cache = lake.folder / ".cache/pregao/lake"
    files = [path for path in (cache / "files").rglob("*.parquet")]
    assert files
    assert list((cache / "open").iterdir()) == []
    assert cache.stat().st_mode & 0o077 == 0


def test_the_objects_lie_as_plain_files_for_readers_without_gs(lake):
    folder = pathlib.Path(os.environ["PREGAO_TEST_GCS_FOLDER"], lake.folder.name, "silver/quotes")
    assert (folder / "_delta_log/00000000000000000000.json").is_file()
    rows = deltalake.DeltaTable(str(folder)).to_pyarrow_table().num_rows
    assert rows == lake.json("sql", "select count(*) as n from silver")[0]["n"]


@pytest.fixture
def small_files(tmp_path):
    """A lake of some commits, with nothing packed."""
    pregao = Pregao(tmp_path)
    pregao.env["PREGAO_UPKEEP_ENABLED"] = "false"
    for frame in (ROOT / "test/data/frames.txt").read_text().split()[:6]:
        (tmp_path / "frame.txt").write_text(frame + "\n")
        pregao("replay", "frame.txt")
        pregao("silver", "--until", "end")
    return pregao


def objects(pregao, root=""):
    """The data files as the server keeps them."""
    return sorted(pathlib.Path(os.environ["PREGAO_TEST_GCS_FOLDER"], pregao.folder.name, root).rglob("part-*.parquet"))


def make_old(path):
    """A month older by the server's clock: it keeps an object's times in an attribute of the file."""
    about = json.loads(os.getxattr(path, "user.metadata"))
    about["Updated"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - MONTH_S))
    os.setxattr(path, "user.metadata", json.dumps(about).encode())


def all_rows(pregao):
    return {view: pregao.json("sql", f"select * from {view} order by \"partition\", \"offset\"") for view in ("bronze", "silver")}


def test_small_files_are_packed_and_old_ones_deleted_by_the_servers_clock(small_files):
    rows = all_rows(small_files)
    before = objects(small_files)
    packed = small_files.json("optimize")["tables"]
    assert all(table["files_before"] > table["files_after"] for table in packed if table["table"] != "quarantine")
    assert all_rows(small_files) == rows
    assert sum(table["deleted_files"] for table in small_files.json("vacuum")["tables"]) == 0, "they are young"
    assert set(objects(small_files)) > set(before)
    for path in before:
        make_old(path)
    listed = [pathlib.Path(file["path"]).name for table in small_files.json("vacuum", "--dry-run")["tables"] for file in table["files"]]
    assert sum(table["deleted_files"] for table in small_files.json("vacuum")["tables"]) == len(listed) > 0
    left = set(objects(small_files))
    assert {path.name for path in before if path not in left} == set(listed)
    assert all_rows(small_files) == rows
    assert small_files.json("audit")["clean"]


def test_rows_that_a_table_lost_are_put_back(small_files):
    rows = all_rows(small_files)
    log = pathlib.Path(os.environ["PREGAO_TEST_GCS_FOLDER"], small_files.folder.name, "silver/quotes/_delta_log")
    commit = sorted(log.glob("*.json"))[3]
    kept = [line for line in commit.read_text().splitlines() if '"add"' not in line]
    commit.write_text("\n".join(kept) + "\n")
    report = json.loads(small_files.run("--json", "audit").stdout)
    assert not report["clean"] and {f["kind"] for f in report["findings"]} == {"missing"}
    assert small_files.json("audit", "--repair")["clean"]
    assert all_rows(small_files)["silver"] == rows["silver"]


def test_the_seeds_bucket_name_is_the_lake(lake, tmp_path):
    other = Pregao(tmp_path)
    del other.env["PREGAO_LAKE"]
    (tmp_path / ".env").write_text(f"PROJECT_ID=p\nBUCKET_NAME={BUCKET}/{lake.folder.name}\n")
    assert other.json("sql", "select count(*) as n from silver") == lake.json("sql", "select count(*) as n from silver")


def test_doctor_finds_a_bucket_in_order_and_a_missing_one(lake):
    report = json.loads(lake.run("--json", "doctor", "--offline").stdout)
    states = {check["check"]: check["state"] for check in report["checks"]}
    assert states["lake"] == "ok" and states["google"] == "ok" and states["silver"] == "ok"
    settings = {s["key"]: s for s in report["settings"]}
    assert settings["engine.commit-interval"]["value"] == '"10s"'
    done = lake.run("--json", "doctor", "--offline", env={"PREGAO_LAKE": "gs://no-such-bucket"})
    assert done.returncode == 1
    [check] = [c for c in json.loads(done.stdout)["checks"] if c["check"] == "lake"]
    assert check["state"] == "fail" and "gs://no-such-bucket" in check["detail"] and check["fix"]


def test_without_credentials_it_says_where_it_looked(lake):
    done = lake.run("sql", "select 1 from silver", env={"STORAGE_EMULATOR_HOST": "", "GCE_METADATA_HOST": "127.0.0.1:9"})
    assert done.returncode == 1
    for word in ("GOOGLE_APPLICATION_CREDENTIALS", "application_default_credentials.json", "gcloud auth"):
        assert word in done.stderr
    key = lake.folder / "key.json"
    key.write_text('{"type": "service_account", "private_key": "s3cret"}')
    done = lake.run("sql", "select 1 from silver",
                    env={"STORAGE_EMULATOR_HOST": "", "GOOGLE_APPLICATION_CREDENTIALS": str(key)})
    assert done.returncode == 1
    assert "key.json" in done.stderr and "client_email" in done.stderr and "s3cret" not in done.stderr


def test_an_emulator_that_is_away_is_named_within_the_time_out(lake):
    done = lake.run("--json", "doctor", "--offline", env={"STORAGE_EMULATOR_HOST": "127.0.0.1:9"})
    assert done.returncode == 1
    [check] = [c for c in json.loads(done.stdout)["checks"] if c["check"] == "lake"]
    assert "127.0.0.1:9" in check["detail"]


@pytest.fixture
def page(lake):
    """Asks a page over the bucket: ask("/api/…") or ask("/api/sql", "select …")."""
    child = subprocess.Popen([PROGRAM, "serve", "--web.listen", "127.0.0.1:0", "--cache.folder", "page-cache"],
                             cwd=lake.folder, env=lake.env, stderr=subprocess.PIPE, text=True)
    for line in child.stderr:
        if found := re.search(r"http://[^ ]*?:(\d+)", line):
            break

    def ask(path, sql=None):
        body = None if sql is None else json.dumps({"sql": sql}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{found.group(1)}{path}", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)

    yield ask
    child.send_signal(signal.SIGINT)
    assert child.wait(TIMEOUT) in (0, 130)


def test_the_page_brings_from_the_bucket_what_it_shows_and_no_more(lake, page):
    def brought():
        return {path.relative_to(lake.folder).parts[-3] for path in (lake.folder / "page-cache").rglob("*.parquet")}

    assert page("/api/history") == {"history": []}  # the frames are of long ago
    assert page("/api/sql", "select 1 as one")["rows"] == [[1]]
    assert not brought()
    [[count]] = page("/api/sql", "select count(*) from silver")["rows"]
    assert count == lake.json("sql", "select count(*) as n from silver")[0]["n"]
    assert brought() == {"quotes"}


def test_a_bucket_that_is_not_there_is_named_with_the_remedy(lake):
    for command in (["silver", "--until", "end"], ["sql", "select 1 from silver"]):
        done = lake.run(*command, "--lake", "gs://no-such-bucket/lake")
        assert done.returncode == 1
        assert "gs://no-such-bucket" in done.stderr and "gcloud storage buckets create" in done.stderr
