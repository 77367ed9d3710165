#!/usr/bin/env python3
"""Runs the steps of the Dockerfile for real where there is no docker: each stage in a Debian root of its own, made by
debootstrap and entered by chroot, then the image's command as its user, its health check, and the SIGTERM of a stop.

    sudo test/docker/steps.py WORKDIR [--ccache DIR]

Needs root, debootstrap and a network; takes as long as a build. What it cannot show: layers, the daemon, cgroups.
"""
import argparse
import fnmatch
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import dockerfile  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SUITES = {"debian:12-slim": "bookworm"}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
JAVA_BUNDLE = "/etc/ssl/certs/java/cacerts"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STARTED = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - STARTED:7.1f} s] {text}", flush=True)


def base(work, image):
    """The root of an image, made once. docker's slim images leave out documentation; nothing here reads any."""
    folder = work / ("base-" + SUITES[image])
    if not folder.exists():
        say(f"debootstrap {SUITES[image]}")
        making = folder.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", SUITES[image], making], check=True,
                       stdout=subprocess.DEVNULL)
        # As in the official images: nothing is synced file by file.
        (making / "etc/dpkg/dpkg.cfg.d/docker-apt-speedup").write_text("force-unsafe-io\n")
        making.rename(folder)
    return folder


def ignored(patterns, path):
    """Whether .dockerignore names the path or a folder above it. As docker has it, a * is of one folder."""
    parts = path.split("/")
    for pattern in patterns:
        named = pattern.removeprefix("**/").split("/")
        for end in range(len(named), len(parts) + 1):
            if not pattern.startswith("**/") and end > len(named):
                break
            if all(map(fnmatch.fnmatchcase, parts[end - len(named):end], named)):
                return True
    return False


def context(work):
    """The build context: the working tree without what .dockerignore names."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().split("\n") if line and not line.startswith("#")]
    folder = work / "context"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT, folder, symlinks=True, ignore=lambda at, names: [
        name for name in names if ignored(patterns, os.path.relpath(os.path.join(at, name), ROOT))])
    return folder


def clear(folder):
    """Removes a root. What an interrupted run left mounted in it is no part of it."""
    below = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()
             if line.split()[1].startswith(f"{folder}/")]
    for at in reversed(below):
        subprocess.run(["umount", at], check=True)
    shutil.rmtree(folder, ignore_errors=True)


class Root:
    """A stage's root folder and the state that instructions leave behind."""

    def __init__(self, folder, ccache):
        self.folder, self.ccache = folder, ccache
        self.shell, self.directory, self.user, self.env, self.meta = ["/bin/sh", "-c"], "/", "root", {}, {}
        self.mounts = []
        # docker lends the machine's name resolution and no more; a machine behind a proxy needs its certificates too.
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        self.borrowed = {}
        if Path(BUNDLE).exists():
            shutil.copy(BUNDLE, folder / "host-certificates.pem")
            self.borrowed = {name: "/host-certificates.pem" for name, value in os.environ.items() if value == BUNDLE}
        if Path(JAVA_BUNDLE).exists():
            shutil.copy(JAVA_BUNDLE, folder / "host-certificates.java")
            self.borrowed["MAVEN_OPTS"] = "-Djavax.net.ssl.trustStore=/host-certificates.java"
        self.borrowed |= {name: os.environ[name] for name in ("http_proxy", "https_proxy", "no_proxy") if name in os.environ}
        self.mount("proc", "-t", "proc", "proc")
        self.mount("dev", "--bind", "/dev")
        if ccache:
            self.mount("root/.cache/ccache", "--bind", ccache)

    def mount(self, at, *what):
        (self.folder / at).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", *what, self.folder / at], check=True)
        self.mounts.append(self.folder / at)

    def close(self):
        for at in reversed(self.mounts):
            subprocess.run(["umount", at], check=True)
        self.mounts = []

    def path(self, inside):
        return self.folder / os.path.normpath(os.path.join(self.directory, inside)).lstrip("/")

    def home(self):
        """The user's, by the image's own passwd, as docker has it."""
        name = self.user.split(":")[0]
        entries = (line.split(":") for line in (self.folder / "etc/passwd").read_text().splitlines())
        return next((entry[5] for entry in entries if name in (entry[0], entry[2])), "/")

    def popen(self, command, **options):
        env = {"PATH": PATH, "HOME": self.home(), "DEBIAN_FRONTEND": "noninteractive"} | self.borrowed | self.env
        inside = f"cd {shlex.quote(self.directory)} && exec {shlex.join(command)}"
        user = [] if self.user == "root" else [f"--userspec={self.user}", "--groups="]
        return subprocess.Popen(["chroot", *user, self.folder, "/bin/sh", "-c", inside], env=env, **options)

    def run(self, command, **options):
        child = self.popen(command, **options)
        out, _ = child.communicate()
        return child.returncode, out


def copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def do(step, root, stages, files):
    if step.word == "RUN":
        code, _ = root.run([*root.shell, step.text])
        if code:
            raise SystemExit(f"Dockerfile:{step.line}: exit code {code}")
    elif step.word == "COPY":
        stage, sources, target = dockerfile.copy_form(step.text)
        for name in sources:
            source = stages[stage].path(name) if stage else files / name
            into = root.path(target)
            # A folder's content is copied, a file keeps its name where the target is a folder.
            copy(source, into / source.name if source.is_file() and (target.endswith("/") or len(sources) > 1) else into)
    elif step.word == "SHELL":
        root.shell = dockerfile.exec_form(step.text)
    elif step.word == "WORKDIR":
        root.directory = os.path.join(root.directory, step.text)
        root.path("").mkdir(parents=True, exist_ok=True)
    elif step.word == "USER":
        root.user = step.text
    elif step.word == "ENV":
        root.env |= dockerfile.env_form(step.text)
    else:
        root.meta[step.word] = step.text


def try_image(root):
    """docker run, docker ps until healthy, docker stop."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        root.env["PREGAO_WEB_LISTEN"] = f":{free.getsockname()[1]}"  # docker run -e: here the network is the machine's
    command = dockerfile.exec_form(root.meta["ENTRYPOINT"]) + dockerfile.exec_form(root.meta["CMD"])
    child = root.popen(command, start_new_session=True)
    health = dockerfile.healthcheck_command(root.meta["HEALTHCHECK"])
    try:
        for what in (health, [*health[:-1], "readyz"]):
            deadline = time.monotonic() + 60
            while (answer := root.run(what, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))[0] != 0:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{shlex.join(what)}: {answer}")
                time.sleep(0.5)
            say(f"{shlex.join(what)}: {answer[1].decode().strip()}")
        user = os.stat(f"/proc/{child.pid}").st_uid
        say(f"it runs as user {user}")
        assert user != 0
        os.kill(child.pid, signal.SIGTERM)
        code = child.wait(timeout=90)
        say(f"exit code {code} after SIGTERM")
        assert code == 0
    finally:
        if child.poll() is None:
            child.kill()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("--ccache", help="a compiler's cache to lend to the build")
    options = arguments.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    files = context(work)
    stages, opened = {}, []
    try:
        for number, stage in enumerate(dockerfile.parse((ROOT / "Dockerfile").read_text())):
            folder = work / f"stage-{number}"
            clear(folder)
            subprocess.run(["cp", "-a", base(work, stage.image), folder], check=True)
            root = Root(folder, options.ccache if stage.name else None)
            opened.append(root)
            stages[stage.name] = root
            say(f"FROM {stage.image} AS {stage.name or '(the image)'}")
            for step in stage.steps:
                say(f"{step.word} {step.text}")
                do(step, root, stages, files)
        say(f"the image: {subprocess.run(['du', '-shx', opened[-1].folder], capture_output=True, text=True).stdout.split()[0]}")
        try_image(opened[-1])
    finally:
        for root in opened:
            root.close()
    say("every step ran")


if __name__ == "__main__":
    main()
