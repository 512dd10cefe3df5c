"""TLS: what is offered and what is not, the names that HSTS is for, and a certificate that is renewed."""
import http.client
import os
import signal
import socket
import ssl
import subprocess
import threading
import warnings

from certificate_authority import EC, HOST, RSA, Authority
from client import parse_answer
from dialects import virtshell
from lib import Instance, run_tests
from processes import child_pids
from tap import equal, ok, until

# That TLS 1.0 should not be used is what is tested here.
warnings.simplefilter("ignore", DeprecationWarning)

# Mozilla's intermediate list by the kind of certificate, in OpenSSL's names.
STRONG = {
    kind: {
        f"ECDHE-{kind}-AES128-GCM-SHA256",
        f"ECDHE-{kind}-AES256-GCM-SHA384",
        f"ECDHE-{kind}-CHACHA20-POLY1305",
    }
    for kind in ("ECDSA", "RSA")
}
WEAK = (
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-SHA",
    "DHE-RSA-AES128-SHA",
    "DHE-RSA-AES128-GCM-SHA256",
    "NULL-SHA256",
    "ADH-AES128-GCM-SHA256",
)


def context(authority, **settings):
    made = ssl.create_default_context(cafile=authority.cert)
    # The library's own floor would hide what the server refuses.
    made.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def shake_hands(instance, made, host=HOST):
    """Version, cipher, protocol and certificate that were agreed on; None where nothing was."""
    try:
        with socket.create_connection(("127.0.0.1", instance.port), timeout=10) as plain:
            with made.wrap_socket(plain, server_hostname=host) as tls:
                return (
                    tls.version(),
                    tls.cipher()[0],
                    tls.selected_alpn_protocol(),
                    tls.getpeercert(True),
                )
    except (ssl.SSLError, ConnectionError):
        return None


def s_client(instance, authority, *args, stdin=b""):
    return subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{instance.port}"),
            *("-servername", HOST, "-CAfile", authority.cert, *args),
        ],
        input=stdin,
        capture_output=True,
        timeout=30,
    )


def protocols(instance, authority):
    versions = ssl.TLSVersion
    for version, name in (
        (versions.TLSv1, None),
        (versions.TLSv1_1, None),
        (versions.TLSv1_2, "TLSv1.2"),
        (versions.TLSv1_3, "TLSv1.3"),
    ):
        made = context(authority, minimum_version=versions.TLSv1, maximum_version=version)
        made.minimum_version = version
        agreed = shake_hands(instance, made)
        equal(agreed and agreed[0], name, f"{version.name}")
    for offered, chosen in (
        (["h2", "http/1.1"], "h2"),
        (["http/1.1"], "http/1.1"),
        ([], None),
    ):
        made = context(authority)
        if offered:
            made.set_alpn_protocols(offered)
        equal(shake_hands(instance, made)[2], chosen, f"ALPN {offered}")


def ciphers(instance, authority, kind):
    agreed = set()
    for cipher in (*STRONG["ECDSA"], *STRONG["RSA"], *WEAK):
        made = context(authority, maximum_version=ssl.TLSVersion.TLSv1_2)
        made.set_ciphers(cipher + ":@SECLEVEL=0")
        if result := shake_hands(instance, made):
            agreed.add(result[1])
    equal(agreed, STRONG[kind], f"{kind}: ciphers of TLS 1.2")
    # OpenSSL's own list for TLS 1.3, all of them authenticated encryption.
    ok("AES" in shake_hands(instance, context(authority))[1], "a cipher of TLS 1.3")


def features(instance, authority):
    """Compression, renegotiation and tickets, by another client's eyes."""
    twelve = s_client(instance, authority, "-tls1_2", "-comp", stdin=b"Q\n").stdout
    ok(b"Compression: NONE" in twelve, "no compression", twelve[-1500:])
    ok(b"Secure Renegotiation IS supported" in twelve, "RFC 5746", twelve[-1500:])
    ok(b"TLS session ticket" not in twelve, "no session tickets", twelve[-1500:])
    ok(b"Verify return code: 0 (ok)" in twelve, "a certificate that holds", twelve[-1500:])
    again = s_client(instance, authority, "-tls1_2", stdin=b"R\n")
    ok(
        again.returncode != 0 or b"no renegotiation" in again.stderr,
        "a client cannot renegotiate",
        again.stderr[-500:],
    )


def names(instance):
    """HSTS holds for a whole name, so not for those that are everybody's."""
    for host, wanted in (
        (HOST, "max-age=63072000"),
        ("localhost", None),
        ("127.0.0.1", None),
        ("[::1]", None),
    ):
        for status, line, headers in (
            (200, b"GET " + virtshell.PREFIX.encode() + b"/tasks HTTP/1.1", None),
            (403, b"GET " + virtshell.PREFIX.encode() + b"/tasks HTTP/1.1", []),
            (404, b"GET /nowhere HTTP/1.1", []),
        ):
            lines = [f"{n}: {v}".encode() for n, v in instance.bearer()]
            lines = lines if headers is None else headers
            answer = instance.raw(
                b"\r\n".join(
                    [line, f"Host: {host}:{instance.port}".encode(), b"Connection: close", *lines]
                )
                + b"\r\n\r\n"
            )
            equal(
                (answer.status, answer.headers["Strict-Transport-Security"]),
                (status, wanted),
                f"{host}: {status}",
            )


def plain(instance):
    for line in (b"GET / HTTP/1.1", b"GET /v1/tasks HTTP/1.1"):
        with socket.create_connection(("127.0.0.1", instance.port), timeout=10) as tcp:
            tcp.sendall(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
            data = b""
            while chunk := tcp.recv(65536):
                data += chunk
        answer = parse_answer(data)
        equal(answer.status, 400, "HTTP is refused")
        ok(b"This port speaks HTTPS only." in answer.body, "and told why", answer)


class Clients:
    """Some that keep a connection, some that make one for each request, until they are stopped.

    A server may close a kept connection while a request is on its way; who kept it asks again on a fresh
    one (
        RFC 9112 section 9.3.1
    ). On that one, and on every other fresh one, there must be an answer.
    """

    def __init__(self, instance):
        self.instance, self.stopping = instance, threading.Event()
        self.counts, self.faults, self.seen = {"kept": 0, "fresh": 0}, [], set()
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.run, args=(kind,), daemon=True)
            for kind in ("kept", "fresh", "kept", "fresh")
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def ask(self, connection):
        answer = self.instance.get("/tasks/none", connection=connection, documented=False)
        if connection.sock:
            with self.lock:
                self.seen.add(connection.sock.getpeercert(True))
        return answer

    def run(self, kind):
        connection, used = None, False
        while not self.stopping.is_set():
            connection = connection or self.instance.connect(20)
            try:
                answer = self.ask(connection)
                fault = None if answer.status == 200 else answer
                # nginx says so before it closes a connection that it no longer wants.
                closing = kind == "fresh" or answer.headers["Connection"] == "close"
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError) as why:
                fault, closing = None if used else repr(why), True
            except Exception as why:
                fault, closing = repr(why), True
            used = not closing
            with self.lock:
                self.counts[kind] += 1
                if fault:
                    self.faults.append((kind, fault))
            if closing:
                connection.close()
                connection = None
        if connection:
            connection.close()


def renewal(instance, authority):
    """A new certificate by HUP, under load: no request is lost, and new connections see it."""
    with Clients(instance) as clients:
        for round, kind in enumerate((EC, EC, RSA)):
            start = dict(clients.counts)
            ok(
                until(lambda: all(clients.counts[k] > start[k] + 20 for k in start), 30),
                f"round {round}: clients are at work",
            )
            new = authority.issue(instance.cert, os.path.join(instance.dir, "key.pem"), kind)
            before = set(child_pids(instance.nginx.pid))
            instance.nginx.send_signal(signal.SIGHUP)
            ok(
                until(lambda: shake_hands(instance, context(authority))[3] == new, 20),
                f"round {round}: the new certificate is shown",
            )
            ok(until(lambda: new in clients.seen, 20), f"round {round}: to the clients, too")
            ok(
                until(lambda: not before & set(child_pids(instance.nginx.pid)), 20),
                f"round {round}: the processes of before leave",
            )
    ok(
        not clients.faults,
        f"of {sum(clients.counts.values())} requests each was answered",
        clients.faults[:10],
    )


def tls():
    instance = Instance(autostart=False)
    authority = Authority(instance.dir)
    authority.install(instance)
    instance.make_principal()
    instance.start()
    protocols(instance, authority)
    ciphers(instance, authority, "ECDSA")
    features(instance, authority)
    names(instance)
    plain(instance)
    renewal(instance, authority)
    ciphers(instance, authority, "RSA")
    instance.stop("tls")


run_tests(tls)
