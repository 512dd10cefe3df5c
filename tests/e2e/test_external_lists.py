"""Lists of external tasks, refusals and Basic authentication of the real service."""
import functools

from claims_client import create
from dialects.external import PREFIX, basic
from external_client import TASKS, Worker
from lib import Instance, run_tests
from tap import equal, ok

shared = functools.cache(Instance)


def lists():
    worker = Worker(shared())
    worker.act(create(shared(), kind="gone"), "lock", lockDuration=60000)
    tasks = [create(shared(), kind="list", priority=n) for n in range(3)]
    worker.take("native.list")
    worker.act(worker.take("native.list"), "failure", errorMessage="e")

    def ids(query):
        return [item["id"] for item in worker.ask("GET", f"?topicName=native.list&{query}").json()]

    equal(ids(""), tasks, "all, by creation")
    equal(ids("sortBy=createTime&sortOrder=desc"), tasks[::-1], "the newest first")
    equal(ids("sortBy=taskPriority&sortOrder=desc"), tasks[::-1], "by priority")
    equal(ids("locked=true"), [tasks[2]], "locked")
    equal(ids("notLocked=true"), tasks[:2], "not locked")
    equal(ids("noRetriesLeft=true"), [tasks[1]], "failed")
    equal(ids("withRetriesLeft=true"), [tasks[0], tasks[2]], "not failed")
    equal(ids("workerId=w1"), [tasks[2]], "of a worker")
    equal(ids("priorityHigherThanOrEquals=1&priorityLowerThanOrEquals=1"), [tasks[1]], "of a priority")
    equal(ids(f"externalTaskIdIn={tasks[0]},{tasks[2]}"), [tasks[0], tasks[2]], "of some ids")
    equal(ids("lockExpirationAfter=2020-01-01T00:00:00.000%2B0000"), [tasks[2]], "by the end of the lock")
    equal(ids("lockExpirationBefore=2020-01-01T00:00:00.000Z"), [], "and before")
    equal(ids("tenantIdIn=demo"), tasks, "of the own tenant")
    equal(ids("firstResult=1&maxResults=1"), [tasks[1]], "a page")
    equal(ids("processInstanceId=a"), [], "no task has a process")
    count = worker.ask("GET", "/count?topicName=native.list").json()
    equal(count, {"count": 3}, "the number")
    body = {"topicName": "native.list", "notLocked": True}
    equal(worker.ask("POST", "/count", body).json(), {"count": 2}, "of some")
    body = {"topicName": "native.list", "sorting": [{"sortBy": "createTime", "sortOrder": "desc"}]}
    found = worker.ask("POST", "?maxResults=2", body).json()
    equal([item["id"] for item in found], tasks[:0:-1], "by POST")
    names = worker.ask("GET", "/topic-names?withLockedTasks=true").json()
    ok("native.list" in names, "the topics of locked tasks", names)
    names = worker.ask("GET", "/topic-names?withUnlockedTasks=true&withRetriesLeft=true").json()
    ok("native.list" in names and "native.gone" not in names, "and of others", names)
    equal(worker.ask("PUT", f"/{tasks[0]}/priority", {"priority": 50}).status, 204, "a priority is set")
    equal(worker.take("native.list")["id"], tasks[0], "and counts")
    for task in (tasks[0], tasks[2]):
        worker.act(task, "complete")
    equal(worker.ask("PUT", f"/{tasks[0]}/priority", {"priority": 1}).status, 404, "not after the end")
    answer = shared().request("GET", PREFIX + "/engine", None, worker.headers())
    equal(answer.json(), [{"name": "default"}], "the engine")


def refusals():
    """Each refusal is an object of exactly this type: clients parse no other."""
    worker = Worker(shared())
    own = worker.headers()
    for name, method, path, body, headers, status in (
        ("no credential", "GET", TASKS, None, [], 401),
        ("a wrong one", "GET", TASKS, None, [("Authorization", "Basic dGVzdGVyOng=")], 401),
        ("another path", "GET", PREFIX + "/task", None, own, 404),
        ("another engine", "GET", PREFIX + "/engine/other/external-task", None, own, 404),
        ("another method", "DELETE", TASKS, None, own, 405),
        ("a long address", "GET", TASKS + "?x=" + "y" * 9000, None, own, 414),
        ("no JSON", "POST", TASKS + "/fetchAndLock", "{", own, 400),
    ):
        answer = shared().request(method, path, body, headers)
        wanted = (status, "application/json", ["code", "message", "type"])
        found = (answer.status, answer.headers["Content-Type"], sorted(answer.json()))
        equal(found, wanted, f"{name}: {status}")
        if status == 401:
            equal(answer.headers["WWW-Authenticate"], 'Basic realm="polytask"', f"{name}: the challenge")
    answer = shared().native("POST", "/tasks", {"dialect": "external"})
    equal(answer.status, 422, "no task can be created in this dialect")
    answer = shared().native("POST", "/claims", {"worker": "w", "dialects": ["external"]})
    equal(answer.status, 422, "nor claimed")
    equal(shared().native("GET", "/tasks?dialect=external").status, 400, "nor listed")


def basic_credentials():
    """Decisions about Basic authentication are not cached: nginx cannot read the token in it."""
    instance = shared()
    instance.ctl("user", "add", "ann", "--tenant", "demo")
    token = instance.add_token("ann", "basic", "--dialects", "external")

    def ask(user, path=TASKS):
        value = basic(user, token)
        instance.secrets.append(value.split()[1])
        return instance.request("GET", path, None, [("Authorization", value)])

    answer = ask("ann")
    equal(answer.status, 200, "the name of a user and a token of this user")
    equal(answer.headers["Vary"], "Authorization, Accept, Prefer, Origin", "the response depends on it")
    equal(ask("Ann").status, 200, "the name in another case")
    equal(ask("tester").status, 401, "the name of another user")
    equal(ask("ann").status, 200, "which changes nothing")
    equal(ask("ann", "/v1/tasks").status, 401, "another dialect takes no Basic")
    answer = instance.request("GET", "/v1/tasks", None, instance.bearer(token))
    equal(answer.status, 403, "nor this token as a bearer")
    instance.ctl("token", "revoke", "basic")
    answer = ask("ann")
    wanted = (401, "The credential was revoked.")
    equal((answer.status, answer.json()["message"]), wanted, "a revoked token is refused at once")


def ending():
    shared().verify("after the lists")
    shared().stop("shared instance")


run_tests(lists, refusals, basic_credentials, ending)
