"""The console's files as nginx serves them: addresses, header fields, caching, refusals.

They are those of the build, or stand-ins if the console has not been built.
"""
import functools
import gzip
import html.parser
import itertools
import os
import re

from client import Answer, parse_answer
from lib import Instance, run_tests
from paths import SOURCE
from processes import make_directory
from tap import equal, note, ok, skip

BUILT = os.path.join(SOURCE, "data", "console", "dist")
HOST = "tasks.example.com"
ORIGIN = "https://app.example"
FIELDS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000",
}
# Some of those that are off; one that the page uses.
FEATURES = {"camera=()", "clipboard-read=()", "geolocation=()", "microphone=()", "payment=()", "usb=()"}
USED = {"clipboard-write=(self)"}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"
PROBLEM = "application/problem+json"


def stand_ins():
    """A console for a tree without one, with a file beside it that nobody may have."""
    folder = os.path.join(make_directory("polytask-console-"), "dist")
    os.makedirs(os.path.join(folder, "assets"))
    with open(os.path.join(os.path.dirname(folder), "files.sh"), "w") as beside:
        beside.write("beside")
    texts = {"index.html": "<!doctype html>\n", "assets/a-1.js": "a();\n", "assets/a-2.css": "a { }\n"}
    for name, text in texts.items():
        for path, opened in ((name, open), (name + ".gz", gzip.open)):
            with opened(os.path.join(folder, path), "wt") as out:
                out.write(text)
    return folder


@functools.cache
def console():
    if os.path.isfile(os.path.join(BUILT, "index.html")):
        return BUILT
    note("the console has not been built: stand-ins")
    return stand_ins()


@functools.cache
def shared():
    names = f"localhost 127.0.0.1 {HOST}"
    return Instance(nginx={"CONSOLE": console(), "NAMES": names, "ORIGINS": ORIGIN})


def content(name):
    with open(os.path.join(console(), name), "rb") as file:
        return file.read()


def assets():
    """Paths below /console/ of all files but the page, without their compressed copies."""
    names = sorted(os.listdir(os.path.join(console(), "assets")))
    return ["assets/" + name for name in names if not name.endswith(".gz")]


def ask(path, method="GET", headers=(), host=HOST, instance=None):
    """Not Client.request(): these files may be kept by caches."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    answer = (instance or shared()).raw("\r\n".join([*lines, "", ""]).encode())
    return answer if answer.status else Answer(0, parse_answer(b"HTTP/1.1 0 x").headers, answer.body)


def check_fields(answer, name):
    got = {field: (answer.headers.get_all(field) or [None]) for field in FIELDS}
    equal(got, {field: [value] for field, value in FIELDS.items()}, f"{name}: fields")
    policy = (answer.headers.get("Permissions-Policy") or "").split(", ")
    ok(
        all(re.fullmatch(r"[a-z-]+=\(\)", part) for part in set(policy) - USED) and FEATURES | USED <= set(policy),
        f"{name}: Permissions-Policy allows the clipboard only",
        policy,
    )
    ok(re.fullmatch("[0-9a-f]{32}", answer.headers.get("X-Request-Id", "")), f"{name}: X-Request-Id")
    allowed = [field for field in answer.headers if field.lower().startswith("access-control-")]
    equal(allowed, [], f"{name}: nothing for other origins")


def check_page(answer, name):
    equal(
        (answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]),
        (200, TYPES[".html"], "no-cache"),
        f"{name}: the page",
    )
    equal(answer.body, content("index.html"), f"{name}: its content")


def check_refused(answer, status, name):
    equal(
        (answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]),
        (status, PROBLEM, "no-store"),
        f"{name}: {status}",
    )
    ok(b"<" not in answer.body and answer.json()["status"] == status, f"{name}: body", answer)
    check_fields(answer, name)


def page():
    """Every path that is no file is the page, and so is the query."""
    for path in ("", "index.html", "tasks/0193e1b6-0000-7000-8000-000000000000", "assets", "?a=//%2F", "x.js", "%3f"):
        check_page(ask("/console/" + path), "/console/" + path)
    check_fields(ask("/console/"), "the page")
    etag = ask("/console/").headers["ETag"]
    again = ask("/console/tasks", headers=[("If-None-Match", etag)])
    equal(
        (again.status, again.headers["ETag"], again.headers["Cache-Control"], again.body),
        (304, etag, "no-cache", b""),
        "an unchanged page: 304",
    )
    check_fields(again, "304")
    with_credential = ask("/console/", headers=[("Authorization", "Bearer wrong"), ("Cookie", "a=b")])
    check_page(with_credential, "with a credential that is not valid")
    equal(with_credential.headers.get_all("Set-Cookie"), None, "no cookie is set")


def files():
    """Each file has its type, and may be kept for ever; the page names those that exist."""
    for name in assets():
        answer = ask("/console/" + name)
        equal(
            (answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"], answer.body),
            (200, TYPES[os.path.splitext(name)[1]], FOREVER, content(name)),
            name,
        )
        check_fields(answer, name)
    named = re.findall(rb'(?:src|href)="([^"]*)"', content("index.html"))
    for path in named:
        equal(ask(path.decode()).headers["Cache-Control"], FOREVER, f"the page names {path.decode()}")
    for name in ("assets/", "assets/none.js", "assets/none-ABCDEFGH.css", "assets/x/y.js", assets()[0] + "/"):
        check_refused(ask("/console/" + name), 404, "/console/" + name)


def compressed():
    for name in ("index.html", *assets()):
        plain = ask("/console/" + name)
        packed = ask("/console/" + name, headers=[("Accept-Encoding", "br, gzip")])
        equal(
            (packed.status, packed.headers["Content-Encoding"], gzip.decompress(packed.body)),
            (200, "gzip", plain.body),
            f"{name}: compressed",
        )
        equal(
            [answer.headers.get_all("Vary") for answer in (plain, packed)],
            [["Accept-Encoding"]] * 2,
            f"{name}: Vary",
        )
        ok(plain.headers["ETag"] != packed.headers["ETag"], f"{name}: each form has its ETag", packed.headers)
        equal(packed.headers["Cache-Control"], plain.headers["Cache-Control"], f"{name}: Cache-Control of both")


def head_and_ranges():
    for name in ("", assets()[0]):
        path = "/console/" + name
        whole, head = ask(path), ask(path, "HEAD")
        equal((head.status, head.body), (200, b""), f"HEAD {path}")
        ignored = ("Date", "X-Request-Id")
        equal(
            *(sorted((k, v) for k, v in answer.headers.items() if k not in ignored) for answer in (head, whole)),
            f"HEAD {path}: the fields of GET",
        )
        part = ask(path, headers=[("Range", "bytes=0-1")])
        equal((part.status, part.body), (200, whole.body), f"{path}: Range is ignored")


def redirect():
    for path in ("/console", "/console?a=b"):
        answer = ask(path)
        equal((answer.status, answer.headers["Location"]), (308, "/console/"), f"{path}: redirects")
        equal(answer.headers["Cache-Control"], "no-store", f"{path}: for now")
        check_fields(answer, path)
    equal(ask("/consoles").status, 404, "another name: 404")


def refused():
    for path in ("/console", "/console/", "/console/tasks", "/console/" + assets()[0]):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            answer = ask(path, method)
            check_refused(answer, 405, f"{method} {path}")
            equal(answer.headers.get_all("Allow"), ["GET, HEAD"], f"{method} {path}: Allow")
        check_refused(ask(path, host="evil.example"), 421, f"{path} of another host")
    for path in ("/console/", "/console/tasks", "/console/" + assets()[0]):
        for field in (("If-Match", '"none"'), ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")):
            check_refused(ask(path, headers=[field]), 412, f"{path} with another {field[0]}")
        for etag in (ask(path).headers["ETag"], "*"):
            answer = ask(path, headers=[("If-Match", etag)])
            equal((answer.status, answer.body), (200, ask(path).body), f"{path}: If-Match: {etag}")
    preflight = [("Origin", ORIGIN), ("Access-Control-Request-Method", "GET")]
    check_refused(ask("/console/", "OPTIONS", preflight), 405, "a preflight of an origin that may call the API")
    check_fields(ask("/console/", headers=[("Origin", ORIGIN)]), "a request of this origin")
    for name, line, status in (
        ("a method that nginx has not", b"TRACE /console/ HTTP/1.1", 501),
        ("an address that is too long", b"GET /console/" + b"x" * 9000 + b" HTTP/1.1", 414),
    ):
        answer = shared().raw_request(line, [])
        equal((answer.status, answer.headers["Content-Type"]), (status, PROBLEM), name)


def other_paths():
    """Slashes as sent; and nothing of another folder is ever found."""
    name = os.path.basename(assets()[0])
    paths = ["//console", "//console/", "/console//", "/console//tasks", "/console/%2F", "/console%2f", "/console/a%2Fb"]
    for path in (*paths, f"/console/assets//{name}", f"/console/assets%2f{name}"):
        answer = ask(path)
        equal((answer.status, answer.headers["Content-Type"]), (404, PROBLEM), f"{path}: 404")
    starts = ("/console/", "/console/assets/", "/console/assets/x/")
    climbing = ("..", "%2e%2e", ".%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..%5c..", "..;", "....//", "%252e%252e")
    targets = ("files.sh", "dist/index.html.gz", "etc/passwd", "../../../../../../../../etc/passwd")
    found = []
    for start, step, target in itertools.product(starts, climbing, targets):
        path = f"{start}{step}/{target}"
        answer = ask(path)
        if answer.status not in (400, 401, 404) and answer.body != content("index.html"):
            found.append(f"{path}: {answer}")
    equal(found, [], "no path leads to a file of another folder")
    for path in ("/console/\x00", "/console/%00", "/console/assets/%00", f"/console/{assets()[0]}%00"):
        answer = ask(path)
        ok(answer.status in (400, 404), f"{path!r}: refused", answer)


class Inline(html.parser.HTMLParser):
    """What a policy without 'unsafe-inline' would not carry out."""

    def __init__(self, text):
        super().__init__()
        self.found, self.within = [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.within = tag if tag == "style" or tag == "script" and "src" not in attrs else None
        if tag in ("base", "style"):
            self.found.append(tag)
        for name, value in attrs.items():
            if name == "style" or name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}")
            if name in ("src", "href") and not (value or "").startswith("/console/assets/"):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data):
        if self.within:
            self.found.append(f"text in {self.within}")


def nothing_inline():
    bad = "<style>a{}</style><script>b()</script><p style='c'><p onclick='d'><a href='javascript:e'><img src=//f>"
    equal(len(Inline(bad).found), 8, "the check finds inline code and other origins")
    if console() != BUILT:
        skip("the page has no inline script or style", "the console has not been built")
        return
    found = Inline(content("index.html").decode()).found
    equal(found, [], "the page has no inline script or style, and its own files only")


def service_is_down():
    """The page can be had meanwhile, and tells it."""
    instance = shared()
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    check_page(ask("/console/"), "without polytaskd")
    instance.start()
    instance.verify("after the requests")
    instance.stop("shared instance")


def not_installed():
    for folder in ("/no/such/folder", make_directory("polytask-console-")):
        instance = Instance(nginx={"CONSOLE": folder, "NAMES": f"localhost {HOST}"})
        for path in ("", "/", "/tasks", "/index.html", "/assets/", "/assets/x.js"):
            check_refused(ask("/console" + path, instance=instance), 404, f"not installed: /console{path}")
        instance.stop("without the console")


run_tests(
    page,
    files,
    compressed,
    head_and_ranges,
    redirect,
    refused,
    other_paths,
    nothing_inline,
    service_is_down,
    not_installed,
)
