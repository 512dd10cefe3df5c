"""Webhooks of a home that is restored from a backup, or moved by export and import."""
import os

from lib import Instance, run_tests
from receivers import Receivers, answers
from tap import equal, ok, until
from webhook_calls import HOOKS, LOOPBACK, add_hook, ask, deliveries, read_hook
from webhook_signature import verified

CREATED = {"types": ["task.created"]}
TASKS = 20


def create_tasks(instance, count):
    return [ask(instance, "POST", "/v1/tasks", {})["id"] for _ in range(count)]


def told(receivers, path):
    """The ids of the tasks in the calls; those of a message that was repeated count once."""
    tasks = {call.id: call.json()["data"]["task"]["id"] for call in receivers.of(path)}
    return sorted(tasks.values())


def take_credentials(copy, instance):
    copy.token, copy.key, copy.secret = instance.token, instance.key, instance.secret
    copy.owner, copy.owner_key = instance.owner, instance.owner_key
    copy.secrets = instance.secrets


def add(instance, receivers, path, behaviour, **members):
    members = {"format": "standard", "filter": CREATED, **members}
    return add_hook(instance, receivers.on(path, behaviour), **members)


# ---- backup and restore ----


def backup():
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    accepts = add(instance, receivers, "/accepts", answers(200))
    refuses = add(instance, receivers, "/refuses", answers(503), max_parallel=2)
    waits = add(instance, receivers, "/waits", answers(200))
    ask(instance, "PATCH", f"{HOOKS}/{waits['id']}", {"enabled": False})
    tasks = create_tasks(instance, TASKS)
    ok(
        until(
            lambda: read_hook(instance, accepts)["state"]["pending"] == 0
            and len(told(receivers, "/accepts")) == TASKS
            and read_hook(instance, refuses)["state"]["pending"] == TASKS
            and receivers.of("/refuses"),
            20,
        ),
        "one receiver has all events, another one refuses them",
    )
    pending = sorted(item["id"] for item in deliveries(instance, refuses))
    folder, home = (os.path.join(instance.dir, name) for name in ("backup", "restored"))
    instance.ctl("backup", folder)
    instance.ctl("restore", folder, "--home", home)
    instance.stop("before the restore")
    receivers.on("/refuses", answers(200))
    before = len(receivers.calls)
    copy = Instance(conf=LOOPBACK, autostart=False, store=home, expect=("quota",))
    take_credentials(copy, instance)
    copy.start()
    ok(
        until(lambda: read_hook(copy, refuses)["state"]["pending"] == 0, 60),
        "the restored service has delivered what was pending",
        read_hook(copy, refuses)["state"],
    )
    delivered = {call.id for call in receivers.calls[before:] if call.path == "/refuses"}
    equal(sorted(delivered), pending, "with the ids that they had")
    verified(receivers.of("/refuses")[-1], refuses["secret"], "a restored delivery")
    later = create_tasks(copy, 2)
    everything = sorted(tasks + later)
    ask(copy, "PATCH", f"{HOOKS}/{waits['id']}", {"enabled": True, "resume": True})
    for path in ("/accepts", "/refuses", "/waits"):
        ok(
            until(lambda path=path: told(receivers, path) == everything, 20),
            f"{path} is told of all tasks",
            len(told(receivers, path)),
        )
    equal(len(receivers.of("/accepts")), TASKS + 2, "nothing that had been accepted is repeated")
    equal(read_hook(copy, waits)["state"]["missed"], False, "no event is missed")
    copy.stop("restored")


# ---- export and import ----


def shown(hook):
    """What does not depend on the place and the feed of the service."""
    return {name: value for name, value in hook.items() if name not in ("state", "links")}


def export():
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    hook = add(
        instance,
        receivers,
        "/hook",
        answers(200),
        headers={"X-Key": "k-1 of a receiver"},
        query={"a": "1 ü&="},
    )
    instance.secrets.append("k-1 of a receiver")
    other = add(instance, receivers, "/other", answers(200), format="vionlabs", filter={})
    create_tasks(instance, 3)
    ok(until(lambda: len(receivers.of("/hook")) == 3, 10), "the first service calls")
    before = [read_hook(instance, one) for one in (hook, other)]
    text = instance.ctl("export", "--all")
    instance.stop("exported")
    copy = Instance(conf=LOOPBACK, autostart=False)
    copy.ctl("import", stdin=text)
    take_credentials(copy, instance)
    copy.start()
    after = [read_hook(copy, one) for one in (hook, other)]
    equal([shown(one) for one in after], [shown(one) for one in before], "the same webhooks")
    state = {"pending": 0, "missed": False, "last_success_at": None}
    equal({name: after[0]["state"][name] for name in state}, state, "no deliveries")
    new = create_tasks(copy, 1)
    ok(until(lambda: len(receivers.of("/hook")) == 4, 10), "the second service calls")
    call = receivers.of("/hook")[-1]
    equal(call.json()["data"]["task"]["id"], new[0], "the new task, and none that was imported")
    equal(call.headers["x-key"], "k-1 of a receiver", "with its header field")
    verified(call, hook["secret"], "the secret has moved")
    copy.stop("imported")


run_tests(backup, export)
