"""Tasks that begin again: one, and many, in the words of their dialects."""
import functools

from claims_client import Worker, create
from lib import Instance, run_tests
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


def ending():
    shared().verify("retries")
    shared().stop("retries")


run_tests(one, states, dialects, many, ending)
