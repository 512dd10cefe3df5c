"""4HSE v2: a task with thousands of dependents, which are removed in several transactions.

One worker carries out all requests here, so a request that is answered while a removal goes on was
answered between two of its transactions.
"""
import functools
import json
import signal
import socket
import threading
import uuid

from lib import Instance, run_tests
from processes import kill
from tap import equal, ok, until

TASK = "/v2/task"
MANY = 3000


@functools.cache
def shared():
    return Instance({"workers": "1"}, expect=("child-died", "recovery", "worker-died"))


def call(method, path, body=None, headers=()):
    """A removal of thousands takes seconds, on a busy machine many."""
    instance = shared()
    return instance.request(method, TASK + path, body, instance.bearer() + list(headers), timeout=60)


def total(instance, handler, headers=None, **params):
    body = {"filter": {"handler": handler}, "per-page": 1, **params}
    answer = instance.request("POST", TASK + "/index", body, headers or instance.bearer())
    return int(answer.headers["X-Pagination-Total-Count"])


def plant(handler, count, parent_of):
    """Imports a tree of tasks and returns their ids; the first one is the root."""
    instance = shared()
    made = call("POST", "/create", {"handler": handler, "task_id": str(uuid.uuid4())})
    line = json.loads(
        [
            text
            for text in instance.ctl("export").splitlines()
            if made.json()["task_id"] in text
        ][0]
    )
    ids = [line["id"]] + [str(uuid.uuid4()) for _ in range(count)]
    lines = []
    for i in range(1, len(ids)):
        row = json.loads(json.dumps(line))
        row["id"] = row["fields"]["task_id"] = ids[i]
        row["fields"]["entity_id"] = ids[parent_of(i)]
        lines.append(json.dumps(row))
    instance.ctl("import", stdin="\n".join(lines) + "\n")
    return ids


def delete_beside(path, watch):
    """Deletes in a thread; calls watch() until the response is there."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call("DELETE", path)))
    thread.start()
    seen = []
    while thread.is_alive():
        seen.append(watch())
    thread.join()
    return answers[0], seen


def any_number():
    instance = shared()
    root = plant("WideHandler", MANY, lambda i: 0)[0]
    answer = call("DELETE", f"/delete/{root}")
    equal(
        (answer.status, len(answer.json()["entities"])),
        (400, MANY),
        "DELETE without force lists all dependents",
    )
    equal(total(instance, "WideHandler"), MANY + 1, "and deletes nothing")
    answer, seen = delete_beside(
        f"/delete/{root}?force=true", lambda: total(instance, "WideHandler")
    )
    equal(answer.status, 204, "DELETE with force: 204")
    ok(
        [count for count in seen if 0 < count < MANY],
        "other requests are answered while it goes on",
        seen,
    )
    equal(total(instance, "WideHandler"), 0, "all dependents are deleted")


def chain_into_history():
    instance = shared()
    root = plant("ChainHandler", MANY, lambda i: i - 1)[0]
    equal(call("DELETE", f"/delete/{root}?historicize=true").status, 204, "historicize: 204")
    equal(
        (total(instance, "ChainHandler"), total(instance, "ChainHandler", history=True)),
        (0, MANY + 1),
        "a chain of thousands is moved into the history",
    )
    equal(call("DELETE", f"/delete/{root}?force=true").status, 204, "DELETE with force: 204")
    equal(total(instance, "ChainHandler", history=True), 0, "the history is deleted as well")


def left(handler):
    """The ids of the tasks that are left, and those of their parents."""
    parents = {}
    for line in shared().ctl("export").splitlines():
        row = json.loads(line)
        if row.get("fields", {}).get("handler") == handler:
            parents[row["id"]] = row["fields"]["entity_id"]
    return parents


def begin(root, handler):
    """Sends a DELETE and returns its connection when a part of the dependents is gone."""
    instance = shared()
    before = total(instance, handler)
    connection = instance.connect()
    connection.request(
        "DELETE", f"{TASK}/delete/{root}?force=true", headers=dict(instance.bearer())
    )
    until(lambda: total(instance, handler) < before, 60, 0)
    return connection


def interrupted(handler, interrupt, what):
    """No task refers to a removed one, and the same DELETE removes the rest."""
    for _ in range(5):  # a removal may be complete before it is interrupted
        root = plant(handler, 4 * MANY, lambda i: (i - 1) // 5)[0]
        connection = begin(root, handler)
        interrupt(connection)
        connection.close()
        parents = left(handler)
        if parents:
            break
    ok(root in parents, f"{what}: the task itself is kept", len(parents))
    equal(
        [task for task, parent in parents.items() if parent and parent not in parents],
        [],
        f"{what}: no task refers to a removed one",
    )
    equal(call("DELETE", f"/delete/{root}?force=true").status, 204, f"{what}: DELETE again: 204")
    equal(left(handler), {}, f"{what}: all are deleted")


def client_that_leaves():
    interrupted(
        "LeaveHandler",
        lambda connection: connection.sock.shutdown(socket.SHUT_RDWR),
        "a client that leaves",
    )


def worker_that_dies():
    def interrupt(_connection):
        kill(shared().workers()[0], signal.SIGKILL)
        shared().wait_ready()

    interrupted("KillHandler", interrupt, "a worker that is killed")


run_tests(any_number, chain_into_history, client_that_leaves, worker_that_dies)
