"""nginx: its own refusals, ambiguous addresses, protocols, request ids, a stopped service."""
import functools
import json
import os
import re
import socket
import subprocess
import time

from client import parse_answer
from dialects import DIALECTS, native, virtshell
from lib import NGINX, Instance, run_tests
from nginx_site import SITE_PARTS
from paths import BUILD
from tap import equal, ok, until

MALFORMED = b'{"error":"The request could not be read."}'

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def refused(answer, status, body, name):
    """Status, body, media type and request id of a refusal."""
    equal(
        (answer.status, answer.body, answer.headers.get("Content-Type")),
        (status, body, "application/json"),
        name,
    )
    ok(len(answer.headers.get("X-Request-Id", "")) == 32, f"{name}: X-Request-Id", answer.headers)


def static_refusals():
    """nginx's own refusals have the format of the dialect."""
    instance = shared()
    path = (virtshell.PREFIX + "/tasks").encode()
    refused(
        instance.request("GET", "/nowhere"),
        404,
        b'{"error":"There is nothing at this address."}',
        "an unknown address: 404",
    )
    for internal in ("/-/authorize", "/-/error"):
        refused(
            instance.request("GET", internal),
            404,
            b'{"error":"There is nothing at this address."}',
            f"{internal} cannot be requested: 404",
        )
    refused(
        instance.request("GET", virtshell.PREFIX + "/" + "x" * 9000),
        414,
        b'{"error":"The address is too long."}',
        "a long address: 414",
    )
    big = [f"X-Big-{i}: ".encode() + b"x" * 6000 for i in range(4)]
    refused(
        instance.raw_request(b"GET " + path + b" HTTP/1.1", big * 2),
        431,
        b'{"error":"The header of the request is too large."}',
        "many long header lines: 431",
    )
    refused(
        instance.raw_request(b"GET " + path + b" HTTP/1.1", [b"X-Big: " + b"x" * 9000]),
        431,
        b'{"error":"The header of the request is too large."}',
        "one long header line: 431",
    )
    refused(
        instance.raw_request(b"TRACE " + path + b" HTTP/1.1"),
        501,
        b'{"error":"The method is not implemented."}',
        "TRACE: 501",
    )
    for name, line in (
        ("a method in lower case", b"get " + path + b" HTTP/1.1"),
        ("an unknown protocol", b"GET " + path + b" HTTX/1.1"),
        ("a NUL in the address", b"GET " + path + b"/%00 HTTP/1.1"),
        ("a path above the root", b"GET /../../x HTTP/1.1"),
    ):
        refused(instance.raw_request(line), 400, MALFORMED, name)
    # The location of the documents has its own list of error pages.
    document = native.PREFIX + "/openapi/native.json"
    answer = instance.request("POST", document, b"x" * 263000, [], documented=False)
    equal(
        (answer.status, answer.headers["Content-Type"]),
        (413, "application/problem+json"),
        "a body sent to a document: 413",
    )
    with socket.create_connection(("127.0.0.1", instance.port), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := plain.recv(65536):
            data += chunk
    refused(
        parse_answer(data),
        400,
        b'{"error":"Use HTTPS. A credential sent without it must be replaced."}',
        "HTTP on the HTTPS port: 400",
    )


def huge_header():
    """8 MiB of header, in one line and in many."""
    instance = shared()
    count = len(instance.tasks())
    for name, lines in (
        ("one line", [b"X-Big: " + b"x" * (8 << 20)]),
        ("many lines", [b"X-%d: " % i + b"x" * 1000 for i in range(8192)]),
        ("many names", [b"X-%d: x" % i for i in range(900000)]),
    ):
        answer = instance.raw_request(
            f"POST {virtshell.PREFIX}/tasks HTTP/1.1".encode(),
            [f"Authorization: Bearer {instance.token}".encode()] + lines,
            b'{"description": "x"}',
        )
        # The answer can be lost: the server closes before the client has sent everything.
        ok(answer.status in (0, 400, 431), f"8 MiB of header, {name}", answer)
    equal(len(instance.tasks()), count, "refused headers create no task")


def application_refusals():
    """Refusals before the dialect is asked, in its format and in its document."""
    instance = shared()
    many = [("X-%d" % i, "x") for i in range(150)]
    coded = [("Content-Encoding", "br")]
    for name, dialect in DIALECTS.items():
        for status, lines, body in ((431, many, None), (415, coded, b"x")):
            headers = instance.bearer() + lines
            answer = instance.request("GET", dialect.list_path, body, headers)
            equal(
                (answer.status, answer.headers["Content-Type"]),
                (status, dialect.media_type),
                f"{name}: {lines[0]} ...: {status}",
            )


def addresses():
    """Addresses that nginx and the application could read differently are refused."""
    instance = shared()
    uuid = instance.create(description="a", status="here")
    count = len(instance.tasks())
    for path in (
        "/./tasks",
        "/tasks/./" + uuid,
        "/x/../tasks",
        "/%2e/tasks",
        "/%2E%2E/v1/tasks",
        "/tasks/%2e%2e/tasks",
        "/tasks/..%2f",
        "/tasks\\" + uuid,
        "/tasks/%5c",
        "/tasks/%ff",
        "/tasks/%c0%af",
        "/tasks/%ed%a0%80",
        "/tasks/%",
        "/tasks/%zz",
        "/tasks/%1",
    ):
        for method in ("GET", "DELETE"):
            answer = instance.raw_request(f"{method} {virtshell.PREFIX}{path} HTTP/1.1".encode())
            if path == "/tasks/..%2f":
                ok(answer.status in (200, 400, 404, 501), f"{method} {path}", answer)
                continue
            ok(
                answer.status == 400 and answer.body.startswith(b'{"error":"'),
                f"{method} {path}: 400",
                answer,
            )
    for path in ("//tasks", "/tasks//" + uuid):
        for method in ("GET", "DELETE"):
            answer = instance.raw_request(f"{method} {virtshell.PREFIX}{path} HTTP/1.1".encode())
            equal(answer.status, 404, f"{method} {path}: 404")
    for path in (
        "/api/../api/virtshell/v1/tasks",
        "//api/virtshell/v1/tasks",
        "/%61pi/./virtshell/v1/tasks",
    ):
        answer = instance.raw_request(f"GET {path} HTTP/1.1".encode())
        ok(answer.status in (400, 404), f"GET {path}", answer)
    answer = instance.raw_request(f"GET {virtshell.PREFIX}/tasks/{uuid}#x HTTP/1.1".encode())
    equal(answer.status, 400, "an address with a fragment: 400")
    answer = instance.raw_request(
        f"GET {virtshell.PREFIX}/tasks/%0d%0aX-Evil:%20yes HTTP/1.1".encode()
    )
    ok(
        answer.headers.get("X-Evil") is None,
        "an escaped line break in the address adds no header field",
        answer,
    )
    ok(
        instance.log().count("\nX-Evil") == 0,
        "an escaped line break in the address adds no log line",
    )
    answer = instance.raw_request(
        f"GET https://{instance.host}{virtshell.PREFIX}/tasks/{uuid} HTTP/1.1".encode()
    )
    equal(answer.status, 200, "an absolute address: 200 (RFC 9112 section 3.2.2)")
    equal(
        instance.get(f"/tasks/{uuid}?x=1&y=%ff").status in (200, 400), True, "a query: 200 or 400"
    )
    equal(len(instance.tasks()), count, "refused addresses delete no task")


def truncated_bodies():
    instance = shared()
    count = len(instance.tasks())
    body = b'{"description": "half"}'
    head = (
        f"POST {virtshell.PREFIX}/tasks HTTP/1.1\r\nHost: {instance.host}\r\n"
        f"Authorization: Bearer {instance.token}\r\n"
    ).encode()
    instance.raw(head + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body, timeout=1)
    instance.raw(
        head + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body, timeout=3, shut=True
    )
    instance.raw(head + b"Transfer-Encoding: chunked\r\n\r\n17\r\n" + body, timeout=1)
    instance.raw(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body, timeout=1)
    equal(len(instance.tasks()), count, "an incomplete body creates no task")


def request_ids():
    instance = shared()
    ids = [instance.get("/tasks/cancelled").headers["X-Request-Id"] for _ in range(3)]
    equal(len(set(ids)), 3, "every answer has another X-Request-Id")
    ok(
        until(lambda: all(f'"id":"{one}"' in instance.log() for one in ids), 5),
        "the application's log has the request ids",
    )

    def access():
        with open(os.path.join(instance.dir, "log", "nginx-access.log")) as log:
            return log.read()

    ok(
        until(lambda: all(f'"id":"{one}"' in access() for one in ids), 5),
        "nginx's log has the request ids",
    )
    instance.get("/tasks/cancelled?token=" + instance.token)
    # stop() searches all logs for the token


def protocols():
    instance = shared()

    def curl(*args):
        return subprocess.run(
            [
                "curl",
                "-s",
                "--noproxy",
                "*",
                "-o",
                "/dev/null",
                "-w",
                "%{http_version} %{http_code}",
                "--cacert",
                instance.cert,
                "-H",
                f"Authorization: Bearer {instance.token}",
                *args,
                f"https://{instance.host}{virtshell.PREFIX}/tasks/cancelled",
            ],
            capture_output=True,
            text=True,
        ).stdout

    equal(curl("--http2"), "2 200", "HTTP/2: 200")
    equal(curl("--http1.1"), "1.1 200", "HTTP/1.1: 200")
    big = "X-Big: " + "x" * 40000
    equal(curl("--http2", "-H", big)[-3:], "000", "HTTP/2: a header of 40000 bytes gets no answer")
    equal(curl("--tls-max", "1.2"), "2 200", "TLS 1.2: 200")
    equal(curl("--tlsv1.0", "--tls-max", "1.1"), "0 000", "TLS 1.1 is refused")
    equal(instance.get("/tasks/cancelled").headers["Server"], "nginx", "Server has no version")


def reasons_of_503(instance):
    with open(os.path.join(instance.dir, "log", "nginx-access.log")) as log:
        return [json.loads(line)["reason"] for line in log if '"status":503' in line]


def without_service():
    """Without polytaskd: 503 in the format of the dialect. After its start requests succeed again."""
    instance = Instance()
    uuid = instance.create(description="before")
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    body = b'{"error":"The service is busy; try again shortly."}'
    for name, headers in (
        ("bearer", None), ("signed", instance.sign("GET", virtshell.PREFIX + "/tasks"))
    ):
        answer = instance.get("/tasks", headers=headers)
        refused(answer, 503, body, f"{name}: 503")
        equal(answer.headers["Retry-After"], "1", f"{name}: Retry-After")
    ok(
        until(lambda: reasons_of_503(instance)[-2:] == 2 * ["ServiceUnreachable"], 5),
        "the access log has the reason",
    )
    # nginx logs the missing socket as critical: the token in the query must not be in that line.
    equal(instance.vionlabs("GET", "/1").status, 503, "503 for a token in the query")
    time.sleep(6)  # until the cached decision about the bearer has expired
    refused(instance.get("/tasks"), 503, body, "an unavailable authorizer: 503, not a refusal")
    instance.start()
    equal(instance.get("/tasks/" + uuid).status, 200, "after the start the task is there")
    instance.stop("restarted")


def installed():
    """The installed files: no placeholder is left, and nginx accepts them."""
    instance = Instance(autostart=False)
    folder = os.path.join(instance.dir, "installed")
    os.mkdir(folder)
    for part in SITE_PARTS:
        with open(os.path.join(BUILD, "nginx", f"polytask-{part}.conf")) as conf:
            text = conf.read()
        ok(not re.search("@[A-Z_]+@|Placeholders", text), f"{part}: no placeholder is left")
        for pattern, value in (
            (r'(?<=include )"[^"]*/(?=polytask-)', '"' + folder + "/"),
            (r" listen \[[^;]*;", ""),
            (r"(?<=listen )(443|80)", f"127.0.0.1:{instance.port}"),
            (r"(?<=ssl_certificate )[^;]+", instance.cert),
            (r"(?<=ssl_certificate_key )[^;]+", os.path.join(instance.dir, "key.pem")),
            (r"(?<=access_log )\S+", os.path.join(instance.dir, "log", "a.log")),
            (r"(?<=fastcgi_cache_path )\S+", os.path.join(instance.dir, "cache")),
        ):
            text = re.sub(pattern, value, text)
        with open(os.path.join(folder, f"polytask-{part}.conf"), "w") as out:
            out.write(text)
    with open(os.path.join(instance.dir, "conf", "nginx.conf")) as conf:
        whole = conf.read().replace(os.path.join(instance.dir, "conf"), folder)
    with open(os.path.join(folder, "nginx.conf"), "w") as out:
        out.write(whole)
    done = subprocess.run(
        [NGINX, "-t", "-q", "-p", instance.dir, "-c", os.path.join(folder, "nginx.conf")],
        capture_output=True,
        text=True,
    )
    equal((done.returncode, done.stderr), (0, ""), "nginx -t accepts the installed files")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(
    static_refusals,
    huge_header,
    application_refusals,
    addresses,
    truncated_bodies,
    request_ids,
    protocols,
    ending,
    installed,
    without_service,
)
