"""What the page refuses, over real HTTP: strangers, tricks with paths, and SQL that would reach a file."""
import json
import socket
from contextlib import suppress

import pytest

from page_server import WATCHLIST, run, serve, shared  # noqa: F401

TOKEN = "0123456789abcdef"


def raw(server, text):
    """The whole answer to bytes that no client library would send."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection, suppress(ConnectionError):
        connection.sendall(text.encode())
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


@pytest.mark.parametrize("path", ["/", "/app.js", "/api/quotes", "/api/stream", "/api/openapi.yaml", "/metrics"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8686", "localhost.evil.example", "0x7f.1", ""])
def test_another_host_is_refused_everywhere(run, path, host):
    status, _, body = run.ask("GET", path, Host=host)
    assert status == 403 and "web.hosts" in body


def test_a_request_without_a_host_is_refused(run):
    assert raw(run, "GET /api/quotes HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 400")


def test_names_that_are_given_are_answered(pregao):
    server = serve(pregao, "serve", "--web.hosts", "Quotes.example.org")
    assert server.status("GET", "/", Host="quotes.example.org") == 200
    assert server.status("GET", "/", Host="other.example.org") == 403


def test_what_another_sites_page_sends_is_refused(run):
    body = '{"add": "EVIL"}'
    assert run.status("POST", "/api/watchlist", body, Origin="http://evil.example") == 403
    assert run.status("POST", "/api/watchlist", body, Origin="null") == 403
    assert run.status("POST", "/api/watchlist", body, Sec_Fetch_Site="cross-site") == 403
    assert run.status("POST", "/api/sql", '{"sql": "select 1"}', Sec_Fetch_Site="same-site") == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert run.status("POST", "/api/watchlist", body, Content_Type=kind) == 415
    assert run.status("OPTIONS", "/api/watchlist") == 405, "no preflight is granted"
    assert "EVIL" not in str(run.get("/api/watchlist"))


def test_no_answer_may_be_read_framed_or_scripted_by_others(run):
    for path in ("/", "/app.js", "/api/quotes", "/api/openapi.yaml"):
        headers = run.ask("GET", path, Origin="http://evil.example")[1]
        assert "Access-Control-Allow-Origin" not in headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT"])
def test_other_methods_are_refused(run, method):
    assert run.status(method, "/api/watchlist") == 405


@pytest.mark.parametrize("path", [
    "/../carteira.txt", "/..%2fcarteira.txt", "/%2e%2e/carteira.txt", "/%2e%2e%2fetc/passwd", "/..%5c..%5cetc/passwd",
    "//etc/passwd", "/etc/passwd", "/./app.js", "/app.js/../../carteira.txt", "/app.js%00.txt", "/carteira.txt",
    "/api/../carteira.txt", "/api/", "/API/quotes", "/api/quotes/", "/index.html", "/.env", "/pregao.toml",
    "file:///etc/passwd", "http://localhost/etc/passwd"])
def test_tricks_with_paths_lead_nowhere(run, path):
    status, _, body = run.ask("GET", path)
    assert status == 404 and "bought in May" not in body and "root:" not in body


def test_what_is_too_large_or_no_request_is_refused(run):
    assert run.status("POST", "/api/sql", json.dumps({"sql": "select '" + "x" * 70_000 + "'"})) == 413
    long = raw(run, f"GET /api/quotes?{'x' * 20_000} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert long[:12] in ("HTTP/1.1 431", ""), "a socket shut with bytes unread may lose its answer"
    assert raw(run, "nonsense\r\n\r\n").startswith("HTTP/1.1 400")
    assert run.get("/api/quotes")["quotes"]


@pytest.mark.parametrize("sql", [
    "select * from '/etc/passwd'", "select * from read_text('/etc/hostname')", "select * from read_blob('carteira.txt')",
    "select * from read_csv('../carteira.txt')", "select * from read_parquet('data/**')", "from 'data/demo/topic.db'",
    "select * from glob('*')", "select * from sniff_csv('carteira.txt')", "select getenv('HOME')",
    "select * from query('select * from read_text(''carteira.txt'')')", "select * from duckdb_settings()",
    "with silver as (select * from read_text('carteira.txt')) select * from silver",
    "select (select content from read_text('carteira.txt'))", "select current_setting('home_directory')",
    "copy silver to 'data/demo/lake/x.csv'", "copy (select 1) to '/tmp/x.csv'", "export database 'x'",
    "explain analyze copy (select 1) to 'x.csv'", "attach 'x.db'", "create table x as select 1", "insert into silver select 1",
    "drop view silver", "set threads = 1", "pragma database_list", "install httpfs", "load httpfs", "call pragma_version()",
    "select 1; select 2", "begin", "checkpoint", "use memory", "prepare p as select 1", ""])
def test_sql_that_would_reach_beyond_the_tables_is_refused(shared, run, sql):
    before = sorted(path.name for path in shared.folder.iterdir())
    status, answer = run.sql(sql)
    assert status == 400 and answer["error"], answer
    assert "bought in May" not in str(answer) and "root:" not in str(answer)
    assert sorted(path.name for path in shared.folder.iterdir()) == before
    assert not (shared.folder / "data/demo/lake/x.csv").exists()


def test_sql_that_never_ends_ends(run):
    status, answer = run.sql("select count(*) from range(1000000000) a, range(1000000000) b")
    assert status == 400 and "10" in answer["error"]
    assert run.sql("select 1")[0] == 200


def test_the_watchlist_takes_tickers_alone(shared, run):
    for text in ("A\nB", "../x", "#", "", " ", "A B", "x" * 200, "é"):
        assert run.post("/api/watchlist", {"add": text})[0] == 400, text
    assert (shared.folder / "carteira.txt").read_text() == WATCHLIST


def test_beyond_this_machine_the_page_needs_a_token(pregao):
    pregao.write("carteira.txt", "AAPL\n")
    assert "web.token" in pregao("serve", "--web.listen", "0.0.0.0:0", code=1)
    assert "letters, digits" in pregao("serve", "--web.token", "with a space", code=2)
    server = serve(pregao, "run", "--source", "simulator", "--web.listen", "0.0.0.0:0")
    assert server.status("GET", "/") == 404 and server.status("GET", "/api/quotes") == 404, "quotes go on, the page is shut"
    assert server.status("GET", "/healthz") == 200


def test_where_a_token_is_set_all_must_show_it(pregao):
    pregao.write("carteira.txt", "AAPL\n")
    server = serve(pregao, "serve", "--web.token", TOKEN)
    for path in ("/", "/app.js", "/api/quotes", "/api/stream", "/api/openapi.yaml"):
        assert server.status("GET", path) == 401, path
        for wrong in ("0123456789abcdeF", TOKEN + "0", TOKEN[:-1], ""):
            assert server.status("GET", path, Authorization="Bearer " + wrong) == 401
        assert server.status("GET", path, Cookie="pregao_token=" + TOKEN[::-1]) == 401
    assert server.status("POST", "/api/sql", '{"sql": "select 1"}') == 401
    assert server.status("GET", "/api/quotes", Authorization="Bearer " + TOKEN) == 200
    assert server.status("GET", "/healthz") == 200, "a prober needs none"
    status, headers, _ = server.ask("GET", "/?token=" + TOKEN)
    assert status == 303 and headers["Location"] == "/"
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert server.status("GET", "/", Cookie=cookie.split(";")[0]) == 200
    assert TOKEN not in server.ask("GET", "/metrics")[2]
