"""/v1/webhooks: hostile URLs, header fields, parameters, filters and other values."""
import json

from lib import run_tests
from native_client import UNKNOWN, ask, is_problem, shared
from tap import equal, ok
from webhook_client import HOOKS, URL, add, change, post, refused, remove_all

BAD_URLS = (
    "", "x", "/", "//host/", "https:", "https:/", "https://", "https:///x", "https://?x",
    "ftp://host/", "file:///etc/passwd", "gopher://host/", "javascript:alert(1)", "https//host",
    " https://host/", "https://host/ ", "https://host/a b", "https://host/\t",
    "https://host/\r\nX-Y: z", "https://host/\x7f", "https://host/ü", "https://hüst/",
    "https://user@host/", "https://user:pw@host/", "https://:pw@host/", "https://@host/",
    "https://a@b@host/", "https://host/#", "https://host/x#y", "https://host#", "https://host:0/",
    "https://host:65536/", "https://host:x/", "https://host:/", "https://host:80:80/",
    "https://:443/", "https://[::1/", "https://[]/", "https://[::1]x/", "https://[::1%25eth0]/",
    "https://[g::1]/", "https://ho\\st/", "https://host\\@evil/", "https://host/\\",
    "https://ho%73t/", "https://host/%", "https://host/%4", "https://host/%zz", "https://host/<x>",
    'https://host/"', "https://host/{x}", "https://host/|", "https://host/^`", "https://ho st/",
    "https://host/" + "x" * 2036, "https://" + "h" * 254 + "/", "http:/host/", "HTTP//host", 7, None,
    True, [], {}, ["https://host/"],
)  # fmt: skip
GOOD_URLS = (
    URL, "HTTPS://Host.example/", "https://host", "https://host?x=y",
    "https://host:8443/a?b=c%20d", "https://[2001:db8::1]:443/", "https://192.0.2.1/",
    "https://host/a/../b;c=d,e!$&'()*+~._-:@[]", "https://host/" + "x" * 2035, "http://10.0.0.1/",
)  # fmt: skip


def urls():
    for url in BAD_URLS:
        answer = post(HOOKS, {"url": url, "enabled": False})
        refused(answer, "/url", f"url {url!r:.60}")
    refused(post(HOOKS, {"name": "a"}), "/url", "without url")
    hook = add()
    for url in GOOD_URLS:
        answer = change(hook, {"url": url})
        equal(answer.json().get("url"), url, f"url {url:.60}")
    refused(change(hook, {"url": "https://u:secretword@host/"}), "/url", "userinfo by PATCH")
    answer = change(hook, {"url": "https://u:secretword@host/"})
    ok(b"secretword" not in answer.body, "the error does not repeat it")


RESERVED = (
    "Host", "hOST", "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
    "Expect", "Accept-Encoding", "User-Agent", "Content-Type", "Content-Length",
    "content-encoding", "Content-", "webhook-id", "Webhook-Signature", "webhook-timestamp",
    "webhook-x", "Proxy-Authorization", "proxy-connection",
)  # fmt: skip
BAD_NAMES = ("", " ", "a b", "a:", "a:b", "ä", "a\r\n", "a\nb", "(a)", '"a"', "a/b", "x" * 65)
BAD_VALUES = (
    "", " ", " a", "a ", "a\r\nX-Y: z", "a\n", "\x01", "\x7f", "ü", "x" * 1025, "***", 7, True, [],
    {},
)  # fmt: skip


def at(parent, name):
    """The JSON pointer of a member."""
    return f"/{parent}/" + name.replace("~", "~0").replace("/", "~1")


def headers_and_query():
    hook = add()
    for name in RESERVED:
        refused(change(hook, {"headers": {name: "v"}}), at("headers", name), f"field {name}")
    for name in BAD_NAMES:
        answer = change(hook, {"headers": {name: "v"}})
        equal(answer.status, 422, f"name of a field {name!r:.20}")
    for value in BAD_VALUES:
        answer = change(hook, {"headers": {"X-A": value}})
        refused(answer, "/headers/X-A", f"value of a field {value!r:.20}")
        shown = isinstance(value, str) and len(value) > 4 and value.encode() in answer.body
        ok(not shown, f"value of a field {value!r:.20} is not repeated", answer)
    for name in ("", "a\n", "x" * 65):
        equal(change(hook, {"query": {name: "v"}}).status, 422, f"parameter {name!r:.20}")
    for value in ("a\n", "x" * 1025, 7, False, [], {}):
        answer = change(hook, {"query": {"a": value}})
        refused(answer, "/query/a", f"value of a parameter {value!r:.20}")
    for member in ("headers", "query"):
        for value in ("x", 7, True, [], {f"X-{i}": "v" for i in range(17)}):
            refused(change(hook, {member: value}), f"/{member}", f"{member}: {value!r:.20}")
        full = {f"X-{i}": "y" * 1024 for i in range(16)}
        equal(change(hook, {member: full}).status, 200, f"{member}: 16 of the greatest length")
        refused(change(hook, {member: {"X-16": "v"}}), f"/{member}", f"{member}: one more")
        equal(len(ask("GET", f"{HOOKS}/{hook['id']}").json()[member]), 16, f"{member}: kept")
    good = {"Authorization": "Bearer !~ x", "X-!#$%&'*+-.^_`|~": "v", "Cookie": "a=b"}
    change(hook, {"headers": None})
    answer = change(hook, {"headers": good})
    equal(set(answer.json().get("headers", {})), set(good), "names of any characters of a token")


FILTERS = {
    "dialects": ([], "native", ["nothing"], ["native"] * 40, [7], {}, 7),
    "kinds": ([], "encode", ["x" * 65], [f"k{i}" for i in range(33)], [7], {}, True),
    "states": ([], "failed", ["nothing"], ["failed"] * 33, [7], [None], {}),
    "types": ([], "task.failed", ["task"], ["failed"], ["webhook.test"], ["task.failed"] * 33, [7]),
    "x": (None, []),
    "ids": ([UNKNOWN],),
}
VALUES = {
    "name": ("", "x" * 101, "a\nb", "\x7f", 7, [], {}),
    "format": ("", "Standard", "nothing", "native", 7, []),
    "method": ("", "post", "DELETE", "GET", "POST\r\n", 7, [], {}),
    "max_parallel": (0, 17, -1, "4", 1.5, True, [], 2**53),
    "enabled": ("true", 1, 0, [], None, {}),
    "resume": (True, False, 1, "yes", None),
    "filter": ("", 7, [], True),
    "id": (UNKNOWN,), "state": ({},), "revision": (1,), "tenant": ("other",), "reason": (None,),
    "x": (1,), "": (1,), "Url": (URL,), "links": ({},), "created_by": ("x",),
}  # fmt: skip


def values():
    remove_all()
    for name, wrong in VALUES.items():
        for value in wrong:
            answer = post(HOOKS, {"url": URL, "enabled": False, name: value})
            refused(answer, at("", name)[1:], f"{name}: {value!r:.30}")
    for name, wrong in FILTERS.items():
        for value in wrong:
            answer = post(HOOKS, {"url": URL, "filter": {name: value}})
            ok(is_problem(answer, 422, "unprocessable"), f"filter {name}: {value!r:.30}", answer)
            places = [error.get("pointer") for error in answer.json().get("errors", [])]
            whole = not isinstance(value, list) or not 1 <= len(value) <= 32 or name in ("x", "ids")
            place = "" if whole else f"/{len(value) - 1}"
            equal(places, [f"/filter/{name}{place}"], "its place: the last item")
    refused(change(add(), {"resume": 1}), "/resume", "resume: 1 by PATCH")
    remove_all()
    for body in ("", "[]", "7", "null", "{", '{"url":', '{"url":"https://h/","url":"https://i/"}',
                 '{"url":"\\ud800"}', "\xff"):  # fmt: skip
        answer = post(HOOKS, body)
        ok(answer.status in (400, 422), f"body {body!r}", answer)
    answer = ask("POST", HOOKS, json.dumps({"url": URL}), ("Content-Type", "text/plain"))
    equal(answer.status, 415, "another type of body")
    equal(ask("GET", HOOKS, None, ("Accept", "text/html")).status, 406, "another type of response")
    answer = post(HOOKS, {"url": URL, "name": "x" * 5000000})
    equal(answer.status, 413, "too large a body")
    equal(ask("GET", HOOKS).json()["items"], [], "nothing was created")


def last():
    shared().stop("shared")


run_tests(urls, headers_and_query, values, last)
