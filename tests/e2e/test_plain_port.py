"""The port without TLS: redirects, ACME's challenges, and credentials, which are not redirected."""
import os
import socket

from client import parse_answer
from dialects import DIALECTS
from lib import Instance, run_tests
from processes import free_port
from tap import equal, ok

SENTENCE = "Use HTTPS. A credential sent without it must be replaced."
CHALLENGE = "/.well-known/acme-challenge/"


def send(port, line, fields=(), host="localhost", body=b""):
    lines = [line, f"Host: {host}", "Connection: close", *fields]
    lines += [f"Content-Length: {len(body)}"] if body else []
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall("\r\n".join(lines + ["", ""]).encode() + body)
        while chunk := plain.recv(65536):
            data += chunk
    return parse_answer(data)


def open_instance():
    port = free_port()
    instance = Instance(autostart=False, nginx={"PLAIN_LISTEN": f"listen 127.0.0.1:{port};"})
    with open(os.path.join(instance.dir, "conf", "nginx.conf"), "r+") as conf:
        text = conf.read().rstrip().removesuffix("}")
        conf.seek(0)
        conf.write(text + f'include "{instance.dir}/conf/polytask-plain.conf";\n}}\n')
    folder = os.path.join(instance.dir, ".well-known", "acme-challenge")
    os.makedirs(folder)
    os.chmod(instance.dir, 0o755)
    with open(os.path.join(folder, "token-1"), "w") as out:
        out.write("token-1.thumbprint")
    instance.make_principal()
    instance.start()
    return instance, port


def redirects(instance, port):
    for line in (
        "GET /v1/tasks?limit=5&x=%20a HTTP/1.1",
        "HEAD / HTTP/1.1",
        "POST /api/v2/import-tasks HTTP/1.0",
        "DELETE /tasks/catalog-item/a/ HTTP/1.1",
        "OPTIONS /nowhere HTTP/1.1",
    ):
        answer = send(port, line)
        equal(
            (answer.status, answer.headers["Location"], answer.headers["Cache-Control"]),
            (308, "https://localhost" + line.split(" ")[1], "no-store"),
            f"{line}: 308",
        )
        equal(answer.headers["Strict-Transport-Security"], None, f"{line}: no HSTS without TLS")


def credentials(port):
    path = "/v1/tasks"
    form = "Content-Type: application/x-www-form-urlencoded; charset=utf-8"
    for name, line, fields, body in (
        ("a bearer", f"GET {path} HTTP/1.1", ["Authorization: Bearer secret-1"], b""),
        ("Basic", f"GET {path} HTTP/1.1", ["Authorization: Basic c2VjcmV0LTE="], b""),
        ("X-API-Key", f"GET {path} HTTP/1.1", ["X-API-Key: secret-1"], b""),
        ("a signature", f"GET {path} HTTP/1.1", ["X-VirtShell-Authorization: secret-1"], b""),
        ("key", "GET /tasks/catalog-item/a?key=secret-1 HTTP/1.1", [], b""),
        ("access-token", "GET /v2/task/index?a=b&access-token=secret-1 HTTP/1.1", [], b""),
        ("access_token", "GET /api/v2/import-tasks?access_token=secret-1 HTTP/1.1", [], b""),
        ("an escaped name", "GET /tasks/catalog-item/a?k%65y=secret-1 HTTP/1.1", [], b""),
        ("msg and sig", "GET /api/v4/managed-slicer/?msg=secret-1&sig=2 HTTP/1.1", [], b""),
        ("a form", "POST /v2/task/create HTTP/1.1", [form], b"access-token=secret-1"),
        ("a login", "POST /oauth/token HTTP/1.1", [form], b"password=secret-1"),
        ("JSON login", "POST /oauth/token HTTP/1.1", [], b'{"password": "secret-1"}'),
    ):
        answer = send(port, line, fields, body=body)
        ok(
            answer.status == 400
            and SENTENCE.encode() in answer.body
            and answer.headers["Location"] is None
            and b"secret" not in answer.body,
            f"{name}: 400 without a redirect",
            f"{answer} {answer.headers}",
        )
    for dialect, known in DIALECTS.items():
        answer = send(port, f"GET {known.list_path} HTTP/1.1", ["Authorization: Bearer x"])
        body = known.refusal_body(400, SENTENCE)
        body = body.replace("REQUEST", answer.headers.get("X-Request-Id", ""))
        equal(
            (answer.status, answer.headers["Content-Type"], answer.body.decode()),
            (400, known.media_type, body),
            f"{dialect}: the refusal has its format",
        )


def challenges(port):
    answer = send(port, f"GET {CHALLENGE}token-1 HTTP/1.1")
    equal((answer.status, answer.body), (200, b"token-1.thumbprint"), "a challenge: its file")
    answer = send(port, f"GET {CHALLENGE}token-1 HTTP/1.1", ['If-Match: "none"'])
    equal((answer.status, b"<" in answer.body), (412, False), "a challenge with another If-Match: no page of nginx")
    ok(isinstance(answer.json(), dict), "an error in the format of a dialect", answer)
    for path in ("token-2", "", "../../key.pem", "%2e%2e/%2e%2e/key.pem", "a/../../../cert.pem"):
        answer = send(port, f"GET {CHALLENGE}{path} HTTP/1.1")
        ok(
            answer.status == 404
            or (answer.status == 308 and answer.headers["Location"].startswith("https://localhost/")),
            f"{CHALLENGE}{path}: not a file",
            f"{answer} {answer.headers}",
        )


def hosts(port):
    for host in ("evil.example", "localhost.evil.example", "127.0.0.2"):
        for path in ("/v1/tasks", CHALLENGE + "token-1"):
            answer = send(port, f"GET {path} HTTP/1.1", host=host)
            ok(
                answer.status == 421 and answer.headers["Location"] is None,
                f"{host}{path}: 421",
                f"{answer} {answer.headers}",
            )


def plain_port():
    instance, port = open_instance()
    redirects(instance, port)
    credentials(port)
    challenges(port)
    hosts(port)
    with open(os.path.join(instance.dir, "log", "nginx-access.log")) as log:
        text = log.read()
    ok("secret" not in text, "no credential in the access log", text)
    equal(instance.get("/tasks").status, 200, "HTTPS is served")
    instance.stop("plain port")


run_tests(plain_port)
