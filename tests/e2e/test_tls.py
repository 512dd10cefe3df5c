"""TLS: versions, ciphers and features, HSTS, and renewal of the certificate under load."""
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

# The tests use TLS 1.0 to see it refused.
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
    # Without this the library itself would refuse old ciphers.
    made.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def shake_hands(instance, made, host=HOST):
    """The negotiated version, cipher, protocol and certificate, or None if the handshake failed."""
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
        equal(agreed and agreed[0], name, f"{version.name}: {name or 'refused'}")
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
    # The ciphers of TLS 1.3 are OpenSSL's default list; all are AEAD.
    ok("AES" in shake_hands(instance, context(authority))[1], "TLS 1.3 uses AES")


def features(instance, authority):
    """Compression, renegotiation and session tickets, with openssl s_client."""
    twelve = s_client(instance, authority, "-tls1_2", "-comp", stdin=b"Q\n").stdout
    ok(b"Compression: NONE" in twelve, "no compression", twelve[-1500:])
    ok(
        b"Secure Renegotiation IS supported" in twelve,
        "secure renegotiation (RFC 5746)",
        twelve[-1500:],
    )
    ok(b"TLS session ticket" not in twelve, "no session tickets", twelve[-1500:])
    ok(b"Verify return code: 0 (ok)" in twelve, "the certificate is verified", twelve[-1500:])
    again = s_client(instance, authority, "-tls1_2", stdin=b"R\n")
    ok(
        again.returncode != 0 or b"no renegotiation" in again.stderr,
        "a client cannot renegotiate",
        again.stderr[-500:],
    )


def names(instance):
    """HSTS is sent for the site's name only: it would affect every service on localhost."""
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
        equal(answer.status, 400, "HTTP on the HTTPS port: 400")
        ok(
            b"Use HTTPS. A credential sent without it must be replaced." in answer.body,
            "HTTP on the HTTPS port: the body names the reason",
            answer,
        )


class Clients:
    """Clients that send requests until stopped: two keep a connection, two open one per request.

    A server may close a kept connection while a request is on its way; the client then repeats the
    request on a new one (RFC 9112 section 9.3.1). Every new connection must get an answer.
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
        answer = self.instance.get("/tasks/cancelled", connection=connection, documented=False)
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
                # nginx announces that it closes the connection.
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
    """SIGHUP loads a new certificate under load: no request fails, new connections get it."""
    with Clients(instance) as clients:
        for round, kind in enumerate((EC, EC, RSA)):
            start = dict(clients.counts)
            ok(
                until(lambda: all(clients.counts[k] > start[k] + 20 for k in start), 30),
                f"round {round}: clients send requests",
            )
            new = authority.issue(instance.cert, os.path.join(instance.dir, "key.pem"), kind)
            before = set(child_pids(instance.nginx.pid))
            instance.nginx.send_signal(signal.SIGHUP)
            ok(
                until(lambda: shake_hands(instance, context(authority))[3] == new, 20),
                f"round {round}: new connections get the new certificate",
            )
            ok(
                until(lambda: new in clients.seen, 20),
                f"round {round}: the clients get the new certificate",
            )
            ok(
                until(lambda: not before & set(child_pids(instance.nginx.pid)), 20),
                f"round {round}: nginx's old workers end",
            )
    ok(
        not clients.faults,
        f"all {sum(clients.counts.values())} requests were answered",
        clients.faults[:10],
    )


def tls():
    instance = Instance(autostart=False, nginx={"NAMES": f"{HOST} localhost 127.0.0.1 [::1]"})
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
