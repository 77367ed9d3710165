"""The files of deployment, judged by the tools that will read them."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import dockerfile  # noqa: E402
import steps  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))


def judge(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need(program):
    return shutil.which(program) or pytest.skip(f"{program} is not at hand")


def test_hadolint_has_nothing_to_say():
    judge(str(Path(sys.executable).parent / "hadolint"), str(ROOT / "Dockerfile"))


def test_the_image_runs_as_nobody_special_and_asks_itself_how_it_is():
    image = dockerfile.parse((ROOT / "Dockerfile").read_text())[-1]
    said = {step.word: step.text for step in image.steps}
    assert int(said["USER"].split(":")[0]) > 0
    assert dockerfile.healthcheck_command(said["HEALTHCHECK"]) == ["pregao", "doctor", "--ask", "healthz"]
    assert dockerfile.exec_form(said["ENTRYPOINT"]) + dockerfile.exec_form(said["CMD"]) == ["pregao", "run"]


@pytest.mark.parametrize("secret", [".env", ".env.production", "key.pem", "google-credentials.json", ".git/config",
                                    "data/topic.db", "build/release/pregao", "kafka/client.key", "certs/ca.pem",
                                    "deploy/.env", "deploy/.env.production", "a/b/my-credentials.json", "keys/any"])
def test_secrets_data_and_builds_stay_out_of_the_image(secret):
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert steps.ignored(patterns, secret)


def test_what_the_image_is_built_from_is_sent():
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    for name in ["Makefile", "setup/deps.sh", "src/cli/main.cc", "CMakeLists.txt", "carteira.txt", "LICENSE"]:
        assert not steps.ignored(patterns, name), name


def test_compose_reads_the_file_and_starts_spark_only_when_told():
    compose = [need("docker-compose"), "-f", str(ROOT / "compose.yaml"), "--profile", "spark", "config"]
    assert sorted(judge(*compose, "--services").split()) == ["kafka", "pregao", "pregao-spark", "spark"]
    services = re.split(r"^  (\S+):$", judge(*compose).split("services:\n")[1].split("\nversion:")[0], flags=re.M)[1:]
    profiles = {name: "profiles:\n    - spark\n" in text for name, text in zip(services[::2], services[1::2])}
    assert {name: profiles[name] for name in ["kafka", "pregao", "pregao-spark", "spark"]} == {
        "kafka": False, "pregao": False, "pregao-spark": True, "spark": True}


def test_the_unit_is_valid_and_hardened(tmp_path):
    analyze = need("systemd-analyze")
    unit = (ROOT / "deploy/pregao@.service").read_text()
    copy = tmp_path / "pregao@run.service"
    copy.write_text(unit.replace("/usr/bin/pregao", BINARY))
    assert judge(analyze, "verify", str(copy)) == ""
    judge(analyze, "security", "--offline=yes", "--threshold=20", str(copy))  # exposure 2.0 of 10 at most


def test_prometheus_accepts_the_alerts_and_their_metrics_exist():
    path = ROOT / "deploy/prometheus-alerts.yaml"
    made = set(re.findall(r'"(pregao_\w+)"', (ROOT / "src/web/metrics.cc").read_text()))
    used = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\bpregao_\w+", path.read_text())}
    assert used and used <= made
    tool = subprocess.run([str(ROOT / "setup/promtool.sh")], capture_output=True, text=True)
    if tool.returncode:
        pytest.skip(f"no promtool: {tool.stderr}")
    judge(tool.stdout.strip(), "check", "rules", str(path))


def test_the_operations_page_describes_every_metric():
    page = (ROOT / "docs/operations.md").read_text()
    made = set(re.findall(r'"((?:pregao|process)_\w+)"', (ROOT / "src/web/metrics.cc").read_text()))
    assert {name for name in made if f"`{name}`" not in page} == set()


def test_make_install_gives_a_program_that_runs_and_its_unit(tmp_path):
    judge("make", "-s", "-o", "build", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/pregao", cwd=ROOT)
    assert judge(str(tmp_path / "opt/pregao/bin/pregao"), "--version").startswith("pregao ")
    unit = (tmp_path / "opt/pregao/lib/systemd/system/pregao@.service").read_text()
    assert "ExecStart=/opt/pregao/bin/pregao %i" in unit


def test_the_runtime_packages_are_those_of_the_libraries():
    packages = judge(str(ROOT / "setup/runtime_packages.sh"), BINARY).split()
    assert {"libc6", "libstdc++6", "libssl3", "libsqlite3-0"} <= set(packages)
    assert not [name for name in packages if name.endswith("-dev")]


def test_git_leaves_out_what_people_call_their_secrets():
    secrets = [".env", ".env.local", "pregao.toml", "key.json", "keys/sa.json", "sub/my-key.json", "credentials.json",
               "service-account.json", "ca.pem", "kafka/client.key"]
    ignored = judge("git", "check-ignore", "--no-index", *secrets, cwd=ROOT).split()
    assert ignored == secrets
    kept = subprocess.run(["git", "check-ignore", "--no-index", ".env.example", "pregao.toml.example"], cwd=ROOT)
    assert kept.returncode == 1
