"""Tasks that begin again: one, and many, in the words of their dialects."""
import functools

from claims_client import Worker, create
from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, ok

shared = functools.cache(Instance)


def ask(method, path, body=None, *lines):
    return shared().native(method, path, body, lines)


def read(task):
    return ask("GET", f"/tasks/{task}").json()


def retry(task, *lines):
    return ask("POST", f"/tasks/{task}/retry", None, *lines)


def retries(**members):
    answer = ask("POST", "/retries", members)
    equal(answer.status, 200, f"retries {members}: 200")
    return answer.json()


def one():
    """A task that has used up its attempts gets them again."""
    worker = Worker(shared())
    task = create(shared(), max_attempts=2, kind="one", not_before="2000-01-01T00:00:00Z")
    for _ in range(2):
        claim = worker.take(kinds=["one"])
        worker.report("fail", claim, error="no disk", retry_after_seconds=0)
    failed = read(task)
    equal(
        (failed["state"], failed["failure"], failed["attempt"]),
        ("failed", "attempts_exhausted", 2),
        "it has failed",
    )
    equal(retry(task, ("If-Match", '"1"')).status, 412, "another revision: 412")
    answer = retry(task, ("If-Match", f'"{failed["revision"]}"'))
    equal(answer.status, 200, "retry: 200")
    again = answer.json()
    equal(again, read(task), "the response is the task")
    equal(answer.headers["ETag"], f'"{again["revision"]}"', "with its ETag")
    equal(
        [again[name] for name in ("state", "status", "failure", "error", "result", "ready_after")],
        ["pending", "pending", None, None, None, None],
        "it is ready",
    )
    equal(
        [again[name] for name in ("started_at", "finished_at", "not_before")],
        [None, None, None],
        "without times",
    )
    equal((again["attempt"], again["attempts_before"]), (2, 2), "attempts go on counting")
    equal(retry(task).status, 409, "a pending task: 409")
    for number in (3, 4):
        equal(read(task)["state"], "pending", "attempts are left")
        claim = worker.take(kinds=["one"])
        equal(claim["attempt"], number, "the next attempt")
        worker.report("fail", claim, retry_after_seconds=0)
    equal(read(task)["failure"], "attempts_exhausted", "two more, and it has failed again")
    history = ask("GET", f"/tasks/{task}/history").json()["items"]
    seen = [entry for entry in history if entry["event"] == "retried"]
    equal(
        [(entry["from"], entry["to"], entry["attempt"]) for entry in seen],
        [("failed", "pending", None)],
        "the history has the retry",
    )
    answer = ask("PATCH", f"/tasks/{task}", {"state": "pending"})
    equal(answer.json()["attempts_before"], 4, "a PATCH to pending gives all attempts, too")


def states():
    """Which tasks can be retried."""
    for state, status in (
        ("pending", 409),
        ("running", 409),
        ("succeeded", 409),
        ("failed", 200),
        ("cancelled", 200),
    ):
        answer = retry(create(shared(), state=state))
        equal(answer.status, status, f"{state}: {status}")
        if status == 409:
            ok(f"its state is {state}." in answer.json()["detail"], "with its state", answer)
    archived = create(shared(), state="failed")
    ask("POST", f"/tasks/{archived}/archive")
    equal(retry(archived).json()["archived"], False, "an archived task leaves the archive")
    equal(retry("018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e").status, 404, "an unknown task: 404")
    equal(retry("x").status, 404, "no id: 404")


def dialects():
    """Clients of the dialects see a retried task in their own words."""
    worker = Worker(shared())
    movie = "/movie-1/product/adbreaks/version/1.0.1"
    shared().vionlabs("POST", movie)
    number = shared().fourhse("POST", "/create", {"handler": "H"}).json()["task_id"]
    virtshell = shared().create(description="a task")
    views = {
        "vionlabs": (lambda: shared().vionlabs("GET", movie).json(), "error", ("", None)),
        "fourhse": (lambda: shared().fourhse("GET", f"/view/{number}").json(), "response", (None,)),
        "virtshell": (lambda: shared().get(f"/tasks/{virtshell}").json(), "log", ("", None)),
    }
    for name, (view, member, none) in views.items():
        claim = worker.take(dialects=[name])
        worker.report("fail", claim, error="no disk", retryable=False)
        equal((view()["status"], view()[member]), ("failed", "no disk"), f"{name}: failed")
        equal(retry(claim["task"]["id"]).status, 200, f"{name}: retry")
        equal(view()["status"], "pending", f"{name}: its client sees it wait")
        ok(view()[member] in none, f"{name}: without the error", view())
        equal(worker.take(dialects=[name])["attempt"], 2, f"{name}: a worker gets it again")


def many():
    """All failed tasks of a kind, request by request."""
    tasks = [create(shared(), kind="many", state="failed") for _ in range(25)]
    other = create(shared(), kind="other", state="failed")
    seen, more = [], True
    while more and len(seen) < 10:
        answer = retries(dialects=["native"], kinds=["many"], failures=["reported"], max=10)
        seen.append(answer["retried"])
        more = answer["more"]
    equal(seen, [10, 10, 5], "in requests of at most 10")
    equal({read(task)["state"] for task in tasks}, {"pending"}, "all of them are pending")
    equal(read(other)["state"], "failed", "another kind is left alone")
    end = read(other)["finished_at"]
    answer = retries(kinds=["other"], finished_before=end)
    equal(answer, {"retried": 0, "refused": 0, "more": False, "next": None}, "the end of the time is excluded")
    equal(retries(kinds=["other"], finished_after=end)["retried"], 1, "its begin is not")
    for body in ({"max": 0}, {"x": 1}, {"failures": []}):
        equal(ask("POST", "/retries", body).status, 422, f"{body}: 422")


def post_retries(instance, token=None, **members):
    return instance.native("POST", "/retries", members, token=token)


def fail(instance, task):
    """A client sets the task to failed."""
    return instance.native("PATCH", f"/tasks/{task}", {"state": "failed"}).status


def times_retried(instance, task):
    history = instance.native("GET", f"/tasks/{task}/history").json()["items"]
    return sum(entry["event"] == "retried" for entry in history)


def pages():
    """By cursor each task begins again once, although it fails again before the next request."""
    instance = Instance()
    tasks = [create(instance, kind="page", state="failed") for _ in range(23)]
    for number in range(4):
        instance.create(description=f"task {number}")
    listed = instance.native("GET", "/tasks?dialect=virtshell").json()["items"]
    equal({fail(instance, task["id"]) for task in listed}, {200}, "tasks of two dialects")
    tasks += [task["id"] for task in listed]
    seen, members, first = [], {}, None
    while len(seen) < 10:
        answer = post_retries(instance, max=5, **members).json()
        seen.append((answer["retried"], answer["refused"], answer["more"]))
        first = first or answer["next"]
        if not answer["more"]:
            break
        members = {"cursor": answer["next"]}
        for task in instance.native("GET", "/tasks?state=pending").json()["items"]:
            fail(instance, task["id"])
    equal(seen, [(5, 0, True)] * 5 + [(2, 0, False)], "in requests of at most 5")
    equal(answer["next"], None, "the last one has no cursor")
    equal([times_retried(instance, task) for task in tasks], [1] * 27, "each began again once")
    cursors(instance, first)
    instance.verify("pages")
    instance.stop("pages")


def other_character(text, at):
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]


def cursors(instance, cursor):
    """Those that the service has not given for this request and tenant."""
    instance.ctl("user", "add", "foreign", "--tenant", "other", "--rights", "read,write")
    foreign = instance.add_token("foreign", "foreign")
    body = {"kind": "page", "state": "failed"}
    task = instance.native("POST", "/tasks", body, token=foreign).json()["id"]
    before = instance.native("GET", "/tasks?state=failed").json()["total"]
    ok(before > 0, "tasks have failed", before)
    answer = post_retries(instance, foreign, cursor=cursor)
    ok(is_problem(answer, 400, "invalid"), "a cursor of another tenant: 400", answer)
    for what, changed in (
        ("with another begin", other_character(cursor, 0)),
        ("with another middle", other_character(cursor, len(cursor) // 2)),
        ("without its end", cursor[:-4]),
        ("longer", cursor + "AAAA"),
        ("empty", ""),
        ("of a list", instance.native("GET", "/tasks?limit=1").json()["next"]),
    ):
        answer = post_retries(instance, cursor=changed)
        ok(is_problem(answer, 400, "invalid"), f"a cursor {what}: 400", answer)
    answer = post_retries(instance, cursor=cursor, dialects=["idol"])
    ok(is_problem(answer, 400, "invalid"), "a cursor of another dialect: 400", answer)
    equal(instance.native("GET", "/tasks?state=failed").json()["total"], before, "none began again")
    shown = instance.native("GET", f"/tasks/{task}", token=foreign).json()
    equal(shown["state"], "failed", "also not that of the other tenant")
    equal(post_retries(instance, foreign).json()["retried"], 1, "which goes by its own")


def quota():
    """A quota that is used up ends the request: its tasks are not refused ones."""
    instance = Instance(expect=("quota",))
    small = create(instance, kind="quota", state="failed", error="x" * 500)
    policy = {"start_timeout_seconds": 1000, "total_timeout_seconds": 2000}
    large = [create(instance, kind="quota", state="failed", policy=policy) for _ in range(3)]
    instance.ctl("quota", "set", "demo", "--bytes", "1")
    answer = post_retries(instance)
    first = answer.json()
    equal(
        (answer.status, first["retried"], first["refused"], first["more"]),
        (200, 1, 0, True),
        "a task that gets smaller begins again",
    )
    for members in ({}, {"cursor": first["next"]}):
        answer = post_retries(instance, **members)
        ok(is_problem(answer, 403, "storage-quota"), "the first one would get larger: 403", answer)
    equal(
        [instance.native("GET", f"/tasks/{task}").json()["state"] for task in [small, *large]],
        ["pending", "failed", "failed", "failed"],
        "nothing else was changed",
    )
    instance.ctl("quota", "set", "demo", "--bytes", "default")
    answer = post_retries(instance, cursor=first["next"]).json()
    equal(
        answer,
        {"retried": 3, "refused": 0, "more": False, "next": None},
        "with a larger quota the cursor goes on with the task that was not changed",
    )
    instance.verify("quota")
    instance.stop("quota")


def ending():
    shared().verify("retries")
    shared().stop("retries")


run_tests(one, states, dialects, many, pages, quota, ending)
