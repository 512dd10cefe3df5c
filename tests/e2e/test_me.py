"""GET /v1/me: who the caller is, by each kind of credential of the native API."""
import datetime

from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, ok

ME = "/v1/me"


def me(instance, token=None):
    return instance.request("GET", ME, headers=instance.bearer(token))


def seconds_until(text):
    end = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def callers():
    instance = Instance(conf={"principal_rate": "10", "principal_burst": "50", "tenant_tasks": "7"})
    shown = me(instance).json()
    equal((shown["tenant"], shown["expires_at"]), ("demo", None), "a token without an end")
    ok(set(shown["rights"]) >= {"read", "write"}, "its rights", shown)
    equal(shown["tasks"], {"used": 0, "limit": 7}, "the quota of tasks")
    made = instance.native("POST", "/tasks", {}).json()
    equal(shown["user"], made["created_by"], "the user is that of its changes")
    shown = me(instance).json()
    equal(shown["tasks"], {"used": 1, "limit": 7}, "a new task counts")
    ok(shown["bytes"]["used"] > 0 and shown["bytes"]["limit"] is None, "bytes", shown)
    equal(shown["rate"]["limit"], 50, "the rate")
    ok(0 <= shown["rate"]["remaining"] < 50, "what is left of it", shown)
    instance.ctl("quota", "set", "demo", "--bytes", "1000000")
    equal(me(instance).json()["bytes"]["limit"], 1000000, "the tenant's own quota")
    for right in ("read", "write", "work"):
        token = instance.add_token("tester", right, "--rights", right)
        answer = me(instance, token)
        equal((answer.status, answer.json()["rights"]), (200, [right]), f"with {right} only")
        ok(token not in answer.body.decode(), "no secret")
    token = instance.add_token("tester", "ends", "--expires", "3600")
    left = seconds_until(me(instance, token).json()["expires_at"])
    ok(3500 < left <= 3600, "the end of a token", left)
    instance.ctl("user", "add", "eve", "--tenant", "elsewhere", "--expires", "600")
    token = instance.add_token("eve", "eve", "--expires", "3600")
    other = me(instance, token).json()
    equal((other["tenant"], other["tasks"]["used"]), ("elsewhere", 0), "another tenant")
    ok(500 < seconds_until(other["expires_at"]) <= 600, "the user ends before the token", other)
    forged = instance.request("GET", ME, headers=instance.bearer() + [("Polytask-Expires", "1")])
    equal(forged.json()["expires_at"], None, "a header field of the client does not count")
    only = instance.add_token("tester", "idol", "--dialects", "idol")
    ok(is_problem(me(instance, only), 403, "forbidden"), "a token for another API: 403")
    ok(is_problem(instance.request("GET", ME, headers=[]), 401, "unauthenticated"), "no token: 401")
    instance.stop("callers")


run_tests(callers)
