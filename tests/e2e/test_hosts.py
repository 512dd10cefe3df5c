"""Hosts of the service, and others: 421, also for TLS without or with a foreign name."""
import os
import re
import socket
import ssl
import subprocess

from client import parse_answer
from dialects import DIALECTS, fourhse
from lib import NGINX, Instance, run_tests
from raw_http import converse_http2, h2
from tap import equal, ok, skip

SENTENCE = "The service does not answer for this host."


def send(instance, data, name=None):
    """Over TLS with this server name, or without one."""
    context = ssl.create_default_context(cafile=instance.cert)
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", instance.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(data)
            answer = b""
            while chunk := tls.recv(65536):
                answer += chunk
    return parse_answer(answer)


def ask(instance, host, path, target="", name="localhost", version="1.1"):
    lines = [f"GET {target}{path} HTTP/{version}"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [f"{field}: {value}" for field, value in instance.bearer()]
    return send(instance, "\r\n".join(lines + ["Connection: close", "", ""]).encode(), name)


def foreign(instance):
    port = instance.port
    for dialect, known in DIALECTS.items():
        answer = ask(instance, "evil.example", known.list_path)
        body = known.refusal_body(421, SENTENCE)
        body = body.replace("REQUEST", answer.headers.get("X-Request-Id", ""))
        equal(
            (answer.status, answer.headers["Content-Type"], answer.body.decode()),
            (421, known.media_type, body),
            f"{dialect}: another host: 421",
        )
    path = fourhse.PREFIX + "/index"
    for name, host, target in (
        ("with a port", f"evil.example:{port}", ""),
        ("a name that begins alike", f"localhost.evil.example:{port}", ""),
        ("a name that ends alike", f"evil-localhost:{port}", ""),
        ("another address", f"127.0.0.2:{port}", ""),
        ("a host in the request line", f"localhost:{port}", "https://evil.example"),
        ("a host in the field only", "evil.example", f"https://localhost:{port}"),
    ):
        answer = ask(instance, host, path, target)
        ok(
            answer.status == 421 and "evil" not in str(answer.headers) + answer.body.decode(),
            f"{name}: 421",
            f"{answer} {answer.headers}",
        )
    answer = send(
        instance, b"GET /nowhere HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    equal(answer.status, 421, "without a credential, at an unknown address: 421")


def own(instance):
    path = fourhse.PREFIX + "/index"
    for host in ("localhost", f"LOCALHOST:{instance.port}", "127.0.0.1:1", "[::1]", "localhost."):
        for name in (None, "localhost", "evil.example"):
            answer = ask(instance, host, path, name=name)
            links = re.findall("<(https://[^/]*)", answer.headers.get("Link", ""))
            ok(
                answer.status == 200 and links and set(links) == {f"https://{host}"},
                f"{host}, TLS for {name}: 200, and links to it",
                f"{answer} {links}",
            )
    answer = ask(instance, None, path, version="1.0")
    equal(answer.status, 200, "HTTP/1.0 without Host: 200")


def http2(instance):
    if not h2:
        skip("HTTP/2", "python3-h2 is not installed")
        return
    for authority, status in (("evil.example", 421), (instance.host, 200)):
        fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", authority),
            (":path", fourhse.PREFIX + "/index"),
            ("authorization", f"Bearer {instance.token}"),
        ]
        equal(converse_http2(instance, fields).status, status, f"HTTP/2, {authority}: {status}")


def many_names():
    """nginx accepts long names of hosts and origins, and many, without a warning."""
    many = [f"host-{i}.tenants.example.com" for i in range(500)]
    long = ".".join(["a" * 60] * 4)
    instance = Instance(
        autostart=False,
        nginx={
            "NAMES": " ".join(["localhost", long] + many),
            "ORIGINS": " ".join(f"https://{name}:8443" for name in [long] + many),
        },
    )
    conf = os.path.join(instance.dir, "conf", "nginx.conf")
    done = subprocess.run(
        [NGINX, "-t", "-p", instance.dir, "-e", instance.dir + "/error.log", "-c", conf],
        capture_output=True,
        text=True,
    )
    equal((done.returncode, "[warn]" in done.stderr), (0, False), "nginx -t with many names")


def hosts():
    instance = Instance()
    foreign(instance)
    own(instance)
    http2(instance)
    instance.stop("hosts")


run_tests(hosts, many_names)
