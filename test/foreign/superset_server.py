"""A Superset of its own folder, from nothing to its REST API, as docs/readers.md has a user set it up."""
import http.cookiejar
import json
import os
import re
import secrets
import subprocess
import time
import urllib.error
import urllib.request

PATIENCE = 300  # seconds, of any one step: far beyond what it takes
USER = {"username": "admin", "password": "admin"}


class Superset:
    def __init__(self, venv, folder):
        """Not in UTC, so that times which depend on the server's zone are seen to be wrong."""
        self.bin, self.folder, self.server = venv + "/bin", folder, None
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "SUPERSET_HOME": str(folder),
                    "SUPERSET_SECRET_KEY": secrets.token_urlsafe(42), "TZ": "America/Sao_Paulo"}
        self.cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), self.cookies)
        self.headers = {"Content-Type": "application/json"}

    def run(self, program, *args):
        done = subprocess.run([f"{self.bin}/{program}", *args], cwd=self.folder, env=self.env, capture_output=True,
                              text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        self.run("superset", "db", "upgrade")
        self.run("superset", "fab", "create-admin", "--firstname", "A", "--lastname", "B", "--email", "a@localhost",
                 *(part for name, value in USER.items() for part in ("--" + name, value)))
        self.run("superset", "init")
        log = self.folder / "server.log"
        with log.open("w") as out:
            self.server = subprocess.Popen([f"{self.bin}/superset", "run", "--port", "0", "--with-threads"],
                                           cwd=self.folder, env=self.env, stdout=out, stderr=out)
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())):
            assert time.monotonic() < deadline and self.server.poll() is None, log.read_text()
            time.sleep(0.1)
        self.url = found.group(1)
        self.headers["Authorization"] = "Bearer " + self.post("security/login", USER | {"provider": "db"})["access_token"]
        self.headers |= {"X-CSRFToken": self.ask("GET", "security/csrf_token/")[1]["result"], "Referer": self.url}

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait(PATIENCE)

    def ask(self, method, path, value=None):
        """Status and the answer."""
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", body, self.headers, method=method)
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def post(self, path, value):
        status, answer = self.ask("POST", path, value)
        assert status in (200, 201), answer
        return answer

    def query(self, database, sql):
        """What SQL Lab shows: status and the answer."""
        return self.ask("POST", "sqllab/execute/", {"database_id": database, "sql": sql, "runAsync": False})

    def rows(self, database, sql):
        status, answer = self.query(database, sql)
        assert status == 200, answer
        return [tuple(row.values()) for row in answer["data"]]
