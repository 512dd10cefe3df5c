"""nginx's cache of the authorizer's decisions: one decision per token, none per signature."""
from dialects import DIALECTS, fourhse, uplynk, vionlabs, virtshell
from fastcgi_stand_in import with_stand_in
from lib import run_tests
from tap import equal


def bearers():
    instance, stand_in = with_stand_in()

    def calls(times, headers, method="GET"):
        before = len(stand_in.calls)
        for _ in range(times):
            instance.request(
                method, virtshell.PREFIX + "/tasks", b"{}" if method == "POST" else None, headers
            )
        return len(stand_in.calls) - before

    bearer = [("Authorization", "Bearer another-token")]
    equal(calls(3, bearer), 1, "a bearer is cached")
    equal(calls(3, bearer, "POST"), 0, "the decision counts for every method")
    equal(
        calls(1, [("Authorization", "Bearer third-token")]),
        1,
        "another bearer needs another decision",
    )
    signed = instance.sign("GET", virtshell.PREFIX + "/tasks")
    equal(calls(3, signed), 3, "a signature is not cached")
    equal(calls(2, signed + bearer), 2, "a signature beside a cached bearer is not cached")
    equal(
        calls(2, [signed[0], ("Authorization", signed[1][1])]),
        2,
        "a signature in Authorization is not cached",
    )
    equal(calls(2, []), 2, "a request without a credential is not cached")
    stand_in.authorize = lambda params: (403, {"X-Polytask-Reason": "AccessDenied"}, b"")
    equal(calls(3, [("Authorization", "Bearer wrong-token")]), 3, "a refused bearer is not cached")
    instance.stop("cache")


def tokens():
    """A decision about a token is cached wherever the clients of its dialect send it. It is not cached
    where nginx and the authorizer could read the credential differently: another credential would
    get the decision.
    """
    instance, stand_in = with_stand_in()

    def calls(times, address, headers=()):
        before = len(stand_in.calls)
        for number in range(times):
            instance.request("GET", address.replace("#N", str(number)), None, list(headers))
        return len(stand_in.calls) - before

    item = vionlabs.PREFIX + "/#N"
    equal(calls(3, item + "?key=one"), 1, "vionlabs: key is cached for every address")
    equal(
        calls(3, item + "?page=#N&key=one&x=%25"),
        0,
        "vionlabs: key is cached at any place of the query",
    )
    equal(calls(1, item + "?key=two"), 1, "vionlabs: another key needs another decision")
    equal(calls(3, item, [("X-API-Key", "three")]), 1, "vionlabs: X-API-Key is cached")
    equal(
        calls(3, item + "?key=one", [("X-API-Key", "three")]),
        0,
        "vionlabs: key beside X-API-Key has the decision of key",
    )
    equal(
        calls(2, item + "?key=%6fne", [("X-API-Key", "three")]),
        2,
        "vionlabs: an escape in a token is not cached",
    )
    equal(
        calls(3, item + "?%6bey=two", [("X-API-Key", "one")]),
        3,
        "vionlabs: an escape in a name is not cached",
    )
    equal(
        calls(3, item + "?k+y=two", [("Authorization", "Bearer a")]),
        3,
        "vionlabs: a plus in a name is not cached",
    )
    equal(
        calls(2, vionlabs.PREFIX + "?access-token=one"), 2, "vionlabs: access-token is not cached"
    )
    equal(calls(2, vionlabs.PREFIX), 2, "vionlabs: a request without a credential is not cached")
    task = fourhse.PREFIX + "/view/#N"
    equal(calls(3, task + "?access-token=one"), 1, "fourhse: access-token is cached")
    equal(
        calls(3, task + "?id=#N&access-token=one"),
        0,
        "fourhse: access-token is cached at any place of the query",
    )
    equal(calls(2, task + "?access%2Dtoken=one"), 2, "fourhse: an escape in the name is not cached")
    equal(calls(2, task + "?key=one", [("X-API-Key", "one")]), 2, "fourhse: key is not cached")
    signed = uplynk.PREFIX + "/ingest-points/tasks?msg=a&sig=b"
    equal(calls(3, signed), 3, "uplynk: a signed message is not cached")
    equal(
        calls(2, uplynk.PREFIX + "/x", [("Authorization", "msg sig")]),
        2,
        "uplynk: a signed message in a header field is not cached",
    )
    others = DIALECTS.keys() - {"virtshell"}  # which bearers() tests
    for dialect in sorted(others):
        address = DIALECTS[dialect].prefix + "/#N"
        bearer = [("Authorization", "bearer token-of-" + dialect)]
        equal(calls(3, address, bearer), 1, f"{dialect}: a bearer is cached")
        basic = [("Authorization", "Basic x")]
        equal(calls(2, address, basic), 2, f"{dialect}: another scheme is not cached")
    asked = {dict(call)["POLYTASK_DIALECT"] for call in stand_in.calls}
    equal(asked, others, "the authorizer gets the dialect of each prefix")
    instance.stop("tokens")


run_tests(bearers, tokens)
