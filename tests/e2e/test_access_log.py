"""Every line of both logs is one JSON object in UTF-8, whatever bytes a request has."""
import json
import os

from dialects import virtshell
from lib import Instance, run_tests
from tap import equal, ok, until

PATH = virtshell.PREFIX.encode() + b"/tasks/"


def requests(instance):
    """Request lines and header lines with bytes of every kind."""
    odd = [
        b"\x80", b"\xff\xfe", b"\xc3\xa9", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x01",
        b"\x7f", b'"', b"\\", b"\\u0000", b"</script>",
    ]  # fmt: skip
    for text in odd:
        yield b"GET " + PATH + text + b" HTTP/1.1", []
        yield b"GET " + PATH + b"x?" + text + b" HTTP/1.1", []
        yield b"GET " + text + b" HTTP/1.1", []
        yield b"G" + text + b"T " + PATH + b"x HTTP/1.1", []
        yield text + b" " + PATH + b"x HTTP/1.1", []
        yield b"GET " + PATH + b"x HTTP/1.1" + text, []
        for name in (b"User-Agent", b"Authorization", b"X-VirtShell-Authorization", b"Host"):
            yield b"GET " + PATH + b"x HTTP/1.1", [name + b": " + text]


def lines_of(path):
    with open(path, "rb") as log:
        return log.read().splitlines()


def lines():
    instance = Instance()
    access = os.path.join(instance.dir, "log", "nginx-access.log")
    sent = 0
    for line, headers in requests(instance):
        sent += instance.raw_request(line, headers).status != 0
    ok(until(lambda: len(lines_of(access)) >= sent, 10), f"{sent} answers are in the access log")
    for name, path in (("access log", access), ("polytaskd's log", instance.log_path)):
        wrong = []
        for line in lines_of(path):
            try:
                json.loads(line.decode())
            except ValueError as error:
                wrong.append(f"{error}: {line!r}")
        ok(not wrong, f"{name}: UTF-8 JSON", "\n".join(wrong[:10]))
    entries = [json.loads(line) for line in lines_of(access) if b"..." in line]
    base = virtshell.PREFIX + "/tasks/"
    equal({entry["path"] for entry in entries}, {base + "..."}, "a path is cut and marked")
    instance.stop("logs")


run_tests(lines)
