"""A page of a data file that is overwritten while the service runs: it costs the requests that need it."""
import http.client
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from damage import BTREE_LEAF, HASH_PAGE, every_id, exported, fill, ids_in, overwrite
from lib import Instance, run_tests
from tap import equal, note, ok, until

EVENTS = (
    "bdb", "exit", "index-damaged", "journal-emptied", "keeper", "page-damaged", "recover", "recovery",
    "reindex", "store-lost", "task-damaged",
)  # fmt: skip


def page_of_tasks():
    instance = Instance(expect=EVENTS)
    other = fill(instance)
    every = every_id(instance)
    number, page = overwrite(instance, "tasks2.db", HASH_PAGE, lambda page: page.count(b"demo\0") > 3)
    lost = ids_in(page)
    note(f"page {number} has {len(lost)} tasks")
    kept = sorted(every["demo"] - set(lost))[:100]
    equal(
        {instance.native("GET", f"/tasks/{task}").status for task in lost},
        {500},
        "tasks on the page: 500",
    )
    equal({instance.native("GET", f"/tasks/{task}").status for task in kept}, {200}, "all others: 200")
    equal(instance.native("GET", "/tasks?limit=50", token=other).status, 200, "lists of another tenant")
    equal(instance.native("POST", "/tasks", {"fields": {}}, token=other).status, 201, "its creations")
    status = instance.status()
    equal(status["recoveries"], 0, "no recovery")
    equal(
        [(page["table"], page["page"]) for page in status["damages"]],
        [("tasks2", number)],
        "status names the page",
    )
    ok(
        any(f"page {number} of tasks2.db" in line["text"] for line in instance.events("page-damaged")),
        "the log names the page",
    )
    ok(status["damages"][0]["task"].split()[1] in lost, "status names a task on it")
    ok(
        any(line["text"].split()[-4] in lost for line in instance.events("task-damaged")),
        "so does the log",
    )
    done = instance.ctl_run("verify")
    ok(done.returncode != 0 and f"page {number} of tasks2.db" in done.stdout, "verify names the page")
    ok(f"lost:       {len(lost)}\n" in done.stdout, "verify counts the tasks on it", done.stdout)
    done = instance.ctl_run("export", "--salvage", timeout=120)
    equal(
        (done.returncode, (every["demo"] | every["other"]) - exported(done.stdout)),
        (1, set(lost)),
        "salvage: every other task",
    )
    ok(all(task in done.stderr for task in lost), "salvage names the lost tasks")
    equal(instance.status()["recoveries"], 0, "no recovery after all this")
    instance.stop("page of tasks")


def page_of_index():
    instance = Instance(expect=EVENTS)
    other = fill(instance)
    number, _ = overwrite(instance, "index.db", BTREE_LEAF, lambda page: page.count(b"demo\0") > 20)
    done = instance.ctl_run("verify")
    ok(f"page {number} of index.db" in done.stdout, "verify names the page", done.stdout)
    statuses = []

    def list_status(token):
        try:
            return instance.native("GET", "/tasks?limit=500", token=token).status
        except http.client.IncompleteRead:
            return "cut off"  # by the recovery

    def rebuilt():
        for token in (None, other):
            statuses.append(list_status(token))
        status = instance.status()
        return (status["recoveries"], status["store"]["index"], statuses[-2:]) == (
            1,
            "complete",
            [200, 200],
        )

    ok(until(rebuilt, 60, 0.1), "lists are served again", instance.status())
    ok(set(statuses) <= {200, 500, 503, "cut off"}, "lists meanwhile: 200, 500 or 503", set(statuses))
    instance.verify("page of index")
    instance.stop("page of index")


def page_of_journal():
    instance = Instance(expect=EVENTS)
    made = [instance.native("POST", "/tasks", {}) for _ in range(200)]
    tasks = [answer.json()["id"] for answer in made]
    fill(instance)
    number, _ = overwrite(
        instance, "journal.db", BTREE_LEAF, lambda page: page.count(b"pending") > 5
    )
    done = instance.ctl_run("verify")
    ok(f"page {number} of journal.db" in done.stdout, "verify names the page", done.stdout)
    statuses = set()

    def emptied():
        try:
            statuses.add(instance.native("POST", "/tasks", {}).status)
        except http.client.HTTPException:
            statuses.add("cut off")  # by the recovery
        return instance.events("journal-emptied")

    ok(until(emptied, 60, 0.1), "the recovery empties the journal", instance.status())
    ok(statuses <= {201, 500, 503, "cut off"}, "creations meanwhile: 201, 500 or 503", statuses)
    ok(until(lambda: instance.native("GET", "/tasks").status == 200, 30), "the service goes on")
    answer = instance.native("POST", "/tasks", {})
    equal(answer.status, 201, "a creation afterwards")
    history = instance.native("GET", f"/tasks/{answer.json()['id']}/history").json()
    found = [one["event"] for one in history["items"]]
    equal((found, history["complete"]), (["created"], True), "its history")
    history = instance.native("GET", f"/tasks/{tasks[0]}/history").json()
    equal((history["items"], history["complete"]), ([], False), "that of older tasks begins anew")
    done = instance.ctl_run("verify")
    equal((done.returncode, instance.status()["damages"]), (0, []), "no damage is left")
    equal(len(instance.events("journal-emptied")), 1, "it was emptied once")
    equal(instance.status()["recoveries"], 1, "by one recovery")
    instance.stop("page of journal")


run_tests(page_of_tasks, page_of_index, page_of_journal)
