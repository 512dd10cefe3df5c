"""The writer and the readers: which of them answers a request, and that either could.

The workers' own counters tell which role answered: a request that only the writer may answer is
counted there once, all others leave its counter as it is.
"""
import signal
import threading

from credential_states import CredentialStates, shared
from dialects import DIALECTS, SCHEMES
from lib import WORKERS, Instance, run_tests
from processes import kill
from routes import routes_of
from tap import equal, note, ok, until


def served(instance, role):
    """The requests that the workers of a role have answered."""
    return sum(
        child["served"]
        for child in instance.status()["processes"]
        if child["process"].split()[0] == role
    )


def pids(instance, role):
    return [
        child["pid"]
        for child in instance.status()["processes"]
        if child["process"].split()[0] == role and child["state"] == "ready"
    ]


def roles(instance):
    """Names of the ready workers of the newest generation, sorted."""
    status = instance.status()
    return sorted(
        child["process"]
        for child in status["processes"]
        if child["process"].split()[0] in WORKERS
        and child["state"] == "ready"
        and child["generation"] == status["generation"]
    )


def answered_by_writer(instance, expected, send):
    """How many requests of send() the writer has answered.

    A change follows them: when the writer has counted it, it has counted all before it.
    """
    before = served(instance, "writer")
    send()
    instance.native("DELETE", "/tasks/none", connection=instance.connection)
    until(lambda: served(instance, "writer") > before + expected, 20, 0.02)
    return served(instance, "writer") - before - 1


def every_route():
    """Each route, with each credential of its dialect, reaches the role that its right needs."""
    instance, wrong, count = shared(), [], 0
    for dialect, scheme in SCHEMES:
        for route in routes_of(dialect, scheme):
            expected = int(route.method != "GET" and route.right != "read")
            found = answered_by_writer(
                instance,
                expected,
                lambda: instance.ask(route, instance.ours[dialect], scheme, instance.valid),
            )
            count += 1
            if found != expected:
                wrong.append(f"{route.name}, {scheme.name}: {found}, not {expected}")
    ok(count and not wrong, f"{count} requests: changes reach the writer, no others", wrong)


def other_requests():
    """Requests without a route of their own: HEAD, OPTIONS, unknown methods, logins, refusals."""
    instance = shared()
    login = "grant_type=password&username=tester&password=wrong"
    for name, expected, method, path, body in (
        ("HEAD", 0, "HEAD", "/v1/tasks", None),
        ("OPTIONS", 0, "OPTIONS", "/v1/tasks", None),
        ("PROPFIND", 0, "PROPFIND", "/v1/tasks", None),
        ("an unknown path", 0, "GET", "/v1/nothing", None),
        ("a GET for administrators", 0, "GET", "/v1/webhooks", None),
        ("their POST", 1, "POST", "/v1/webhooks", "{}"),
        ("a login", 0, "POST", "/oauth/token", login),
        ("a list by POST", 0, "POST", "/v2/task/index", "{}"),
        ("a list by POST, trailing slash", 0, "POST", "/v2/task/index/", "{}"),
        ("a list by POST, with a query", 0, "POST", "/v2/task/index?page=1", "{}"),
        ("a list by POST, escaped", 0, "POST", "/v2/task/%69ndex", "{}"),
        ("an address below the list by POST", 1, "POST", "/v2/task/index/x", "{}"),
    ):
        headers = instance.bearer() if path != "/oauth/token" else []
        headers += [("Content-Type", "application/json")] if body == "{}" else []
        found = answered_by_writer(
            instance,
            expected,
            lambda: instance.request(method, path, body, headers, documented=False),
        )
        equal(found, expected, f"{name}: answered by the {'writer' if expected else 'readers'}")
    instance.stop("roles")


def all_ids(instance):
    return {task["id"] for task in instance.native("GET", "/tasks?limit=500").json()["items"]}


def other_way_round():
    """With the sockets exchanged, readers carry out all changes: durable, and seen by the writer."""
    instance = CredentialStates()
    instance.write_nginx_conf(
        {"SOCKET": instance.socket + ".read", "READ_SOCKET": instance.socket}
    )
    instance.nginx.send_signal(signal.SIGHUP)
    writer = served(instance, "writer")
    ok(
        until(
            lambda: instance.get("/tasks/cancelled").status == 200
            and served(instance, "writer") > writer,
            20,
        ),
        "nginx sends reads to the writer",
    )
    reader = served(instance, "reader")
    made = {dialect: instance.new_task(dialect) for dialect in DIALECTS}
    listed = all_ids(instance)
    ok(until(lambda: served(instance, "reader") >= reader + len(made), 20), "readers change tasks")
    instance.kill_daemon()
    instance.start()
    after = all_ids(instance)
    equal(after, listed, f"all {len(after)} tasks are there after a kill")
    instance.verify("the other way round")
    instance.stop("the other way round")


def own_writes():
    """A read directly after a change shows it, with other clients that change and read."""
    instance = Instance(conf={"workers": "3"})
    wrong = []

    def client(number):
        connection = instance.connect(60)
        uuid = instance.create(description="first")
        for turn in range(60):
            name = f"{number} {turn}"
            changed = instance.put(f"/tasks/{uuid}", {"log": name}, connection=connection)
            seen = instance.get(f"/tasks/{uuid}", connection=connection).json()
            if changed.status != 200 or seen.get("log") != name:
                wrong.append((name, changed, seen))
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ok(not wrong, "each read after a change shows it", wrong[:5])
    instance.verify("own writes")
    instance.stop("own writes")


class Requests:
    """One kind of request, repeated by a client of its own until the end of the block."""

    def __init__(self, send):
        self.send, self.statuses, self.ending = send, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.ending.is_set():
            self.statuses.append(self.send().status)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join(60)


def replaced(instance, role, name):
    """Kills an idle worker and waits until there is another one."""
    victim = pids(instance, role)[0]
    kill(victim, signal.SIGKILL)
    ok(
        until(lambda: set(pids(instance, role)) - {victim}, 20),
        f"{name} is replaced",
        instance.status(),
    )


def one_role_is_away():
    """Reads go on without the writer, and changes without readers if their user is known."""
    instance = Instance(conf={"stuck_seconds": "600"}, expect=("exit", "stuck"))
    uuid = instance.create(description="before")
    with Requests(lambda: instance.get("/tasks/" + uuid)) as reads:
        ok(until(lambda: len(reads.statuses) > 20, 20), "reads are answered")
        replaced(instance, "writer", "a writer that was killed while idle")
        writer = pids(instance, "writer")[0]
        kill(writer, signal.SIGSTOP)
        change = threading.Thread(target=instance.create, kwargs={"description": "waits"})
        change.start()
        count = len(reads.statuses)
        ok(
            until(lambda: len(reads.statuses) > count + 100, 20),
            "reads are answered while the writer is stopped",
        )
        ok(change.is_alive(), "the change waits for the writer")
        kill(writer, signal.SIGCONT)
        change.join(30)
    equal(set(reads.statuses), {200}, f"all {len(reads.statuses)} reads are answered with 200")
    ok("waits" in {task["description"] for task in instance.tasks()}, "the change was made")
    replaced(instance, "reader", "a reader that was killed while idle")
    equal(instance.get("/tasks/" + uuid).status, 200, "the new reader answers")
    equal(instance.status()["recoveries"], 0, "no recovery was needed")
    instance.verify("one role away")
    instance.stop("one role away")


def other_numbers():
    """A reload changes the number of workers and their roles; no request fails meanwhile."""
    instance = Instance()
    uuid = instance.create(description="read")
    with Requests(lambda: instance.get("/tasks/" + uuid)) as reads, Requests(
        lambda: instance.post("/tasks", {"description": "written"})
    ) as changes:
        for number, wanted in (
            ("1", ["worker 1"]),
            ("4", ["reader 1", "reader 2", "reader 3", "writer"]),
            ("1", ["worker 1"]),
            ("2", ["reader 1", "writer"]),
        ):
            instance.conf["workers"] = number
            instance.write_conf()
            instance.daemon.send_signal(signal.SIGHUP)
            ok(
                until(lambda: roles(instance) == wanted, 20),
                f"workers = {number}: {', '.join(wanted)}",
                instance.status(),
            )
            counts = len(reads.statuses), len(changes.statuses)
            until(
                lambda: len(reads.statuses) > counts[0] + 20
                and len(changes.statuses) > counts[1] + 20,
                20,
            )
    equal(set(reads.statuses), {200}, f"all {len(reads.statuses)} reads are answered with 200")
    equal(set(changes.statuses), {200}, f"all {len(changes.statuses)} changes are answered with 200")
    note(f"{len(instance.workers())} workers, with those that retire")
    instance.verify("other numbers")
    instance.stop("other numbers")


run_tests(
    every_route,
    other_requests,
    other_way_round,
    own_writes,
    one_role_is_away,
    other_numbers,
)
