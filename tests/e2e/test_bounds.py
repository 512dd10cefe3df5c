"""Bounds on what one user may ask of a worker: requests, held responses, bytes of a page."""
import concurrent.futures
import contextlib
import socket

from dialects import idol, virtshell
from lib import Instance, run_tests
from tap import equal, ok, until

LISTS = 8
ROW = 100000


def add_user(instance, name):
    instance.ctl("user", "add", name, "--tenant", "default")
    return instance.ctl("token", "add", name, "--label", name).strip()


def total(instance, member):
    return sum(process.get(member, 0) for process in instance.status()["processes"])


@contextlib.contextmanager
def slow_reader(instance):
    """A client that asks for the list of all tasks and reads nothing."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(10)
    plain.connect(("127.0.0.1", instance.port))
    with instance.tls.wrap_socket(plain, server_hostname="localhost") as tls:
        tls.sendall(
            f"GET {virtshell.PREFIX}/tasks HTTP/1.1\r\nHost: {instance.host}\r\n"
            f"Authorization: Bearer {instance.token}\r\n\r\n".encode()
        )
        yield


@contextlib.contextmanager
def waiting_lists(instance, least=LISTS):
    """Lists of many long tasks that wait for their reader, `least` or more; then they are gone."""
    for _ in range(100):
        instance.create(description="long", log="x" * ROW)
    with contextlib.ExitStack() as stack:
        for _ in range(LISTS):
            stack.enter_context(slow_reader(instance))
        ok(
            until(lambda: total(instance, "waiting") >= least, 60),
            f"{least} lists wait for their reader",
            instance.status()["processes"],
        )
        yield
    ok(until(lambda: total(instance, "waiting") == 0, 60), "lists end with their clients")
    equal(instance.get("/tasks/status/none").status, 200, "then the user is served again")


def held():
    instance = Instance(conf={"principal_requests": str(LISTS), "reader_seconds": "300"})
    ann = add_user(instance, "ann")
    with waiting_lists(instance):
        answer = instance.get("/tasks/status/none")
        equal(
            (answer.status, answer.headers["Retry-After"], answer.body),
            (429, "1", b'{"error":"Too many requests."}'),
            "a further request of the user is refused in the format of its dialect",
        )
        answer = instance.get("/tasks/status/none", instance.bearer(ann))
        equal(answer.status, 200, "another user is served")
    instance.stop("held")


def lists_in_slices():
    """The rows that lists have found count before there is a response."""
    instance = Instance(conf={"workers": "1", "principal_held_mb": "1"})
    ann, eve = add_user(instance, "ann"), add_user(instance, "eve")
    instance.ctl("load-sample", "8000", "--dialect", "idol")

    def ask(token):
        path = idol.PREFIX + "/import-tasks?sort=url&page[size]=1"
        headers = instance.bearer(token)
        return instance.request("GET", path, None, headers, timeout=60).status

    def together(token, count):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return set(pool.map(lambda _: ask(token), range(count)))

    equal(ask(ann), 200, "a list that holds more than the bound is answered")
    ok(until(lambda: together(ann, 8) == {200, 429}, 60), "further ones are refused meanwhile")
    equal(ask(eve), 200, "another user is served")
    instance.stop("lists in slices")


def scarce(waiting, **bound):
    """Half of what all responses may hold is held by one user, with so many lists at least."""
    instance = Instance(conf={"workers": "1", "reader_seconds": "300", **bound})
    ann = add_user(instance, "ann")
    with waiting_lists(instance, waiting):
        ok(
            until(lambda: instance.get("/tasks/status/none").status == 429, 60),
            "the user who holds them is refused",
        )
        # Lists that arrive together may exceed the bound of all until they keep no rows.
        ok(
            until(
                lambda: instance.get("/tasks/status/none", instance.bearer(ann)).status == 200, 60
            ),
            "another user is served",
        )
    instance.stop("scarce")


def scarce_responses():
    scarce(LISTS, held_responses=str(2 * LISTS))


def scarce_memory():
    """Each list holds at least a row of 100 kB; some lists are refused as well."""
    scarce(1, held_mb="1")


def list_that_grows():
    """A list is admitted at its begin; it ends when it needs more memory than all may have."""
    for held_mb, status in (("128", 200), ("1", 429)):
        instance = Instance(conf={"workers": "1", "held_mb": held_mb}, autostart=False)
        instance.ctl("load-sample", "16000", "--dialect", "idol")
        instance.make_principal()
        token = instance.bearer(add_user(instance, "ann"))
        instance.start()
        path = idol.PREFIX + "/import-tasks?sort=url"
        answer = instance.request("GET", path, None, token)
        equal(
            (answer.status, answer.headers["Retry-After"]),
            (status, "1" if status == 429 else None),
            f"a list over many tasks with held_mb = {held_mb}",
        )
        answer = instance.request("GET", idol.PREFIX + "/import-tasks?page[size]=1", None, token)
        equal(answer.status, 200, "its memory is given back")
        instance.stop(f"held_mb = {held_mb}")


def dropped():
    instance = Instance(conf={"reader_seconds": "1"})
    for _ in range(100):
        instance.create(description="long", log="x" * ROW)
    with slow_reader(instance):
        ok(
            until(lambda: total(instance, "dropped") == 1, 60),
            "a list of which nothing is read is dropped",
            instance.status()["processes"],
        )
        ok(until(lambda: total(instance, "waiting") == 0, 60), "it waits no longer")
    instance.stop("dropped")


def page():
    instance = Instance()
    for _ in range(40):
        instance.create(description="long", log="x" * 200000)
    answer = instance.native("GET", "/tasks?limit=500")
    ok(len(answer.body) < 2 << 20, "a page of large tasks ends after 1 MiB", len(answer.body))
    ids, pages = [task["id"] for task in answer.json()["items"]], 1
    while answer.json()["next"]:
        answer = instance.native("GET", "/tasks?limit=500&cursor=" + answer.json()["next"])
        ids += [task["id"] for task in answer.json()["items"]]
        pages += 1
    equal((len(ids), len(set(ids))), (40, 40), "all pages have every task once")
    ok(pages >= 2, "on several pages", pages)
    instance.stop("page")


def upload(instance, method, path, connection=None, more=()):
    body = b'{"description": "long", "log": "' + b"x" * (8 << 20) + b'"}'
    path = virtshell.PREFIX + path
    headers = instance.bearer() + list(more)
    return instance.request(method, path, body, headers, connection=connection)


def large_bodies():
    instance = Instance()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(instance, "POST", "/tasks"), range(8)))
    equal(
        [answer.status for answer in answers],
        [200] * 8,
        "8 large bodies that arrive together are stored",
    )
    connection = instance.connect(60)
    fields = [(f"X-Field-{i}", "1") for i in range(140)]
    answer = upload(instance, "POST", "/tasks", connection, fields)
    equal(answer.status, 431, "a large body with too many header fields is refused")
    equal(answer.json()["error"], "The request has more than 128 header fields.", "by their number")
    answer = upload(instance, "PUT", "/tasks/none", connection)
    equal(answer.status, 404, "a large body for a task that does not exist: 404")
    answer = upload(instance, "POST", "/none", connection)
    equal(answer.status, 404, "a large body for an address that does not exist: 404")
    equal(instance.get("/tasks/status/none", connection=connection).status, 200, "then a GET: 200")
    connection.close()
    instance.stop("large bodies")


def large_bodies_over_the_rate():
    instance = Instance(conf={"principal_rate": "1", "principal_burst": "5"})
    connection = instance.connect(60)
    ok(
        until(lambda: upload(instance, "POST", "/tasks", connection).status == 429, 60),
        "large bodies over the rate of a user: 429",
    )
    connection.close()
    answer = instance.get("/tasks/status/none", instance.bearer(add_user(instance, "ann")))
    equal(answer.status, 200, "another user is served")
    instance.stop("large bodies over the rate")


run_tests(
    held,
    lists_in_slices,
    scarce_responses,
    scarce_memory,
    list_that_grows,
    dropped,
    page,
    large_bodies,
    large_bodies_over_the_rate,
)
