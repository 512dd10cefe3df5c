"""What a request costs counts, and requests whose client has left cost nothing."""
import contextlib
import socket

from dialects import fourhse, idol, virtshell
from lib import Instance, run_tests
from tap import equal, ok, until

TASKS = 3000
LISTS = 32
SORTED = "/import-tasks?sort=url"


def add_user(instance, name):
    instance.ctl("user", "add", name, "--tenant", "default")
    return instance.add_token(name, name)


def prepared(**conf):
    instance = Instance(conf={"workers": "1", **conf})
    for name in ("idol", "fourhse", "virtshell"):
        instance.ctl("load-sample", str(TASKS), "--dialect", name)
    return instance


def costly(instance, name, method, path, body, shape):
    """A list that reads many rows uses up what its user may ask; the next request is refused."""
    token = add_user(instance, name)
    headers = [*instance.bearer(token), ("Content-Type", shape.body_type)]

    def ask():
        return instance.request(method, path, body, headers, timeout=60)

    first = ask()
    equal(first.status, 200, f"{name}: a list of {TASKS} rows is answered")
    late = ask()
    equal(late.status, 429, f"{name}: the next request of its user is refused")
    ok(int(late.headers["Retry-After"]) >= 1, f"{name}: with Retry-After", late.headers)
    return late


def cost_is_counted():
    # The list costs as much as 20 requests and more.
    instance = prepared(principal_rate="1", principal_burst="10")
    body = {
        "filter": {
            "handler": ["ImportHandler", *(f"Handler{i}" for i in range(63))],
            "entity_id": [None],
        },
        "sort": "-request",
    }
    late = costly(instance, "idol", "GET", idol.PREFIX + SORTED, None, idol.DIALECT)
    equal(
        [(error["code"], error["status"]) for error in late.json()["errors"]],
        [("429", "429")],
        "IDOL's refusal has IDOL's shape",
    )
    late = costly(instance, "fourhse", "POST", fourhse.PREFIX + "/index", body, fourhse.DIALECT)
    equal(late.json()["status"], 429, "4HSE's refusal has 4HSE's shape")
    ann = add_user(instance, "ann")
    statuses = [instance.get("/tasks/cancelled", instance.bearer(ann)).status for _ in range(5)]
    equal(statuses, [200] * 5, "cheap requests of another user of the tenant are answered")
    instance.stop("cost is counted")


def total(instance, member):
    return sum(process.get(member, 0) for process in instance.status()["processes"])


def leave(instance, token):
    """Many clients ask for a costly list and leave at once."""
    request = (
        f"GET {idol.PREFIX}{SORTED} HTTP/1.1\r\nHost: {instance.host}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    with contextlib.ExitStack() as stack:
        for _ in range(LISTS):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", instance.port)))
            tls = stack.enter_context(
                instance.tls.wrap_socket(plain, server_hostname="localhost")
            )
            tls.sendall(request)
    return total(instance, "abandoned") > 0


def abandoned():
    instance = prepared(principal_rate="0")
    token = add_user(instance, "ann")
    ok(
        until(lambda: leave(instance, token), 120),
        "requests whose client has left before their turn are dropped",
        instance.status()["processes"],
    )
    ok(until(lambda: total(instance, "queued") == 0, 60), "none of them waits")
    answer = instance.request(
        "GET", virtshell.PREFIX + "/tasks/cancelled", headers=instance.bearer(token), timeout=60
    )
    equal(answer.status, 200, "the next request is answered")
    instance.stop("abandoned")


run_tests(cost_is_counted, abandoned)
