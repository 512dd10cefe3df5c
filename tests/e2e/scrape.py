"""Metrics as Prometheus would read them: the text of /metrics, and the samples in it."""
import http.client
import re
import socket

SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def fetch(address, path, method="GET", headers=None, timeout=10):
    """(status, headers, text) of a page of the monitor; address: HOST:PORT, or a path."""
    if address.startswith("/"):
        connection = Unix(address, timeout)
    else:
        connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def parse(text):
    """{(name, {label: value} as a frozenset): number}"""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        samples[name, frozenset(LABEL.findall(labels or ""))] = float(value)
    return samples


class Metrics:
    """One scrape."""

    def __init__(self, address):
        self.status, self.headers, self.text = fetch(address, "/metrics")
        self.samples = parse(self.text)

    def sum(self, name, **labels):
        """Of all samples of the family that have these labels."""
        wanted = set(labels.items())
        return sum(
            value
            for (family, found), value in self.samples.items()
            if family in (f"polytask_{name}", name) and wanted <= found
        )

    def has(self, name):
        return any(family == f"polytask_{name}" for family, _ in self.samples)
