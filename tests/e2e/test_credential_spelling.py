"""All ways to write a credential: nginx caches the decision under the token that the authorizer judges.

Each way is sent twice, so that the second answer may be one from the cache, over HTTP/1.1 and over HTTP/2. The
model below says which credential decides; it shares nothing with the service.
"""
import functools
import itertools
import re
import socket
import ssl
from urllib.parse import unquote

import raw_http
from dialects import DIALECTS
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message
from lib import Instance, run_tests
from tap import equal, ok, skip

# A token is "good" (200), "other" (403: it lacks the right) or "bad" (refused).
GOOD, OTHER, BAD = "good", "other", "bad"
OUTCOMES = {GOOD: "accepted", OTHER: "no right", BAD: "refused"}

# Values of Authorization, as functions of a token's text; each with its token, if it is a bearer.
AUTHORIZATIONS = [
    None,
    ("Bearer {good}", GOOD),
    ("bearer {other}", OTHER),
    ("BEARER \t{good} \t", GOOD),
    ("Bearer {bad}", BAD),
    ("Bearer {good},{other}", BAD),
    ("Bearer {good} {other}", BAD),
    ("Bearer", BAD),
    ("Bearer ", BAD),
    ("bEARER \t", BAD),
    ("Bearer{good}", None),
    ("Basic {good}", None),
]
API_KEYS = [
    None,
    ("{good}", GOOD),
    (" {other}\t", OTHER),
    ("{bad}", BAD),
    ("{good}, {other}", BAD),
    ("", None),
    (" \t", None),
]
# EMPTY: present without a value.
EMPTY = "empty"
QUERIES = [
    ("x=1", None),
    ("{name}={good}", GOOD),
    ("a={name}=x&{name}={other}&{name}2={bad}", OTHER),
    ("{name}={bad}", BAD),
    ("{name}=", EMPTY),
    ("{name}", EMPTY),
    ("{name}={bad}&{name}={good}", GOOD),
    ("{name}={good}&{name}={bad}", BAD),
    ("{name}={good}&{name}=", EMPTY),
    ("{name}=&{name}={good}", GOOD),
    ("{escaped}={other}", OTHER),
    ("{name}={good}&{escaped}={other}", OTHER),
    ("{escaped}={other}&{name}={good}", GOOD),
    ("{name}={escaped_good}", GOOD),
    ("{name}={good}+", BAD),
    ("{name}={good}%00", BAD),
    ("{name}=%zz", BAD),
    ("{name}={good}%2C{other}", BAD),
    ("&&=&{name}={good}&+=1", GOOD),
]
# Dialect: the parameters in the query, and whether an empty one is absent.
PARAMETERS = {
    "vionlabs": (("key",), True),
    "fourhse": (("access-token",), False),
    "idol": (("access_token", "bearer_token"), True),
}


def first_used(sources):
    """The token of the first source that is used."""
    return next((token for token in sources if token), None)


def decides(dialect, authorization, api_key, queries, signed):
    """The token that decides, or None."""
    bearer = authorization and authorization[1]
    header = api_key and api_key[1]
    empty_is_absent = PARAMETERS.get(dialect, ((), True))[1]
    read = [
        {EMPTY: None if empty_is_absent else BAD}.get(token, token) for _, token in queries
    ]
    if dialect == "vionlabs":
        return first_used([*read, header, bearer])
    if dialect == "uplynk":
        other = BAD if authorization and not bearer else None
        return first_used([signed, bearer, other])
    if dialect == "virtshell":
        return first_used([bearer, BAD if authorization else None])
    return first_used([bearer, *read])


class Http2:
    """One connection, one stream at a time."""

    def __init__(self, instance):
        self.instance, self.tls = instance, None

    def ask(self, path, headers):
        if not self.tls:
            self._connect()
        self.stream = self.connection.get_next_available_stream_id()
        fields = raw_http.http2_fields(self.instance, "GET", path)
        fields += [(name.lower(), value) for name, value in headers]
        self.connection.send_headers(self.stream, fields, end_stream=True)
        self.tls.sendall(self.connection.data_to_send())
        answer = raw_http._receive_http2(self.connection, self.tls)
        self.instance.answered("GET", path, answer)
        return answer

    def _connect(self):
        context = ssl.create_default_context(cafile=self.instance.cert)
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", self.instance.port), timeout=30)
        self.tls = context.wrap_socket(plain, server_hostname="localhost")
        h2 = raw_http.h2
        loose = h2.config.H2Configuration(
            header_encoding="latin-1",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self.connection = h2.connection.H2Connection(loose)
        self.connection.initiate_connection()


class Walk(Instance):
    def __init__(self):
        super().__init__()
        self.ctl("user", "add", "writer", "--tenant", "demo", "--rights", "write")
        self.tokens = {
            GOOD: self.token,
            OTHER: self.add_token("writer", "other"),
            BAD: "pt_" + "A" * 43,
        }
        self.http1 = self.connect()
        self.http2 = Http2(self)

    def text(self, template, name=""):
        escaped = "".join(f"%{ord(c):02x}" for c in name[:1]) + name[1:]
        good = self.tokens[GOOD]
        return template.format(
            name=name,
            escaped=escaped,
            escaped_good=f"%{ord(good[0]):02X}" + good[1:],
            **self.tokens,
        )

    def ask(self, protocol, path, headers):
        if protocol == "HTTP/2":
            return self.http2.ask(path, headers)
        return self.request("GET", path, None, headers, connection=self.http1)


shared = functools.cache(Walk)


def outcome(dialect, answer):
    """What an answer says about the credential."""
    if answer.status == 401 or b"AccessDenied" in answer.body:
        return "refused"
    if answer.status == 403:
        return "no right"
    return {200: "accepted", 400: "bad query"}.get(answer.status, answer.status)


def expected(dialect, path, token):
    """The outcome with the token that decides; the query is refused only with a valid one."""
    want = OUTCOMES.get(token, "refused")
    query = path.partition("?")[2]
    names = {unquote(part.split("=")[0]) for part in query.split("&")}
    # Refused before the right is looked at.
    if want != "refused" and ("%00" in query or "%zz" in query):
        return "bad query"
    # IDOL refuses parameters that it does not know, as its framework does.
    unknown = dialect == "idol" and names - set(PARAMETERS["idol"][0]) - {""}
    return "bad query" if want == "accepted" and unknown else want


def requests(walk, dialect):
    """(path, headers, the token that decides) of every combination."""
    names = PARAMETERS.get(dialect, ((), True))[0]
    api_keys = API_KEYS if dialect == "vionlabs" else [None, ("{other}", OTHER)]
    queries = itertools.product(QUERIES, repeat=len(names))
    messages = [(None, {})]
    if dialect == "uplynk":
        msg, sig = uplynk_message(walk.owner, walk.owner_key)
        walk.secrets += [msg, sig]
        messages += [
            (GOOD, {"msg": msg, "sig": sig}),
            (BAD, {"msg": msg, "sig": "0" * 64}),
            (BAD, {"msg": msg}),
            (BAD, {"sig": sig}),
        ]
    for query, authorization, api_key, (signed, members) in itertools.product(
        queries, AUTHORIZATIONS, api_keys, messages
    ):
        # Two parameters: the second one only varies where it can decide.
        if len(query) == 2 and query[0] not in QUERIES[::4] and query[1] is not QUERIES[1]:
            continue
        text = "&".join(walk.text(template, name) for (template, _), name in zip(query, names))
        path = DIALECTS[dialect].list_path
        path = f"{path}?{text}" if text else path
        path = with_query(path, **members) if members else path
        headers = [("Authorization", walk.text(authorization[0]))] if authorization else []
        headers += [("X-API-Key", walk.text(api_key[0]))] if api_key else []
        yield path, headers, decides(dialect, authorization, api_key, query, signed)


def each_dialect():
    """Every combination gives the decision of the credential that decides, also from the cache."""
    walk = shared()
    protocols = ["HTTP/1.1"] + (["HTTP/2"] if raw_http.h2 else [])
    for dialect, protocol in itertools.product(sorted(DIALECTS), protocols):
        wrong, count = [], 0
        for path, headers, token in requests(walk, dialect):
            count += 1
            want = expected(dialect, path, token)
            answers = [walk.ask(protocol, path, headers) for _ in range(2)]
            got = [outcome(dialect, answer) for answer in answers]
            if got != [want, want]:
                wrong.append((path, headers, token, got))
        ok(not wrong, f"{dialect}, {protocol}: {count} ways to write credentials", wrong[:3])


def repeated_header_fields():
    """nginx refuses a repeated field or takes one; the decision is not cached for another request."""
    walk = shared()
    good, bad = (f"Bearer {walk.tokens[kind]}" for kind in (GOOD, BAD))
    for dialect in sorted(DIALECTS):
        path = DIALECTS[dialect].list_path
        for name, values in (("Authorization", (good, bad)), ("X-API-Key", ("a", walk.tokens[GOOD]))):
            walk.ask("HTTP/1.1", path, [(name, value) for value in values])
            walk.ask("HTTP/1.1", path, [(name, value) for value in reversed(values)])
            alone = walk.ask("HTTP/1.1", path, [(name, values[1 if name == "Authorization" else 0])])
            equal(outcome(dialect, alone), "refused", f"{dialect}: a bad {name} after repeated ones")


def empty_bearer():
    """An empty bearer beside a signed message lets nobody else in."""
    walk = shared()
    msg, sig = uplynk_message(walk.owner, walk.owner_key)
    walk.secrets += [msg, sig]
    path = DIALECTS["uplynk"].list_path
    if not raw_http.h2:
        skip("an empty bearer over HTTP/2", "no h2")
        return
    for value in ("Bearer ", "Bearer \t", "Bearer", "bearer  "):
        headers = [("Authorization", value)]
        first = walk.ask("HTTP/2", with_query(path, msg=msg, sig=sig), headers)
        second = walk.ask("HTTP/2", path, headers)
        equal(
            (first.status, second.status), (200, 401), f"{value!r}: only the signed request enters"
        )


def nothing_differed():
    """The authorizer never found another token than the one that nginx had keyed."""
    walk = shared()
    found = [line for line in walk.log().splitlines() if '"credential":"mismatch"' in line]
    ok(not found, "no mismatch in the log", found[:3])
    ok(re.search('"credential":"token"', walk.log()), "the log names the kind of credential")
    walk.stop("the walk")


run_tests(each_dialect, repeated_header_fields, empty_bearer, nothing_differed)
