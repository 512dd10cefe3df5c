"""Webhooks while the notifier, and the whole service, are killed: every event arrives, in its task's order."""
import os
import random
import signal
import threading
import time

from lib import Instance, run_tests
from receivers import Receivers, answers
from tap import ok, until

TASKS, VERSIONS = 25, 20


def end_tasks(instance, number):
    """Ends of one task, again and again: the item has the number, the events follow each other."""
    path = f"/movie-{number}/product/adbreaks/version/1"
    for _ in range(VERSIONS):
        for method in ("POST", "DELETE"):
            while True:
                try:
                    if instance.vionlabs(method, path, timeout=20).status == 200:
                        break
                except OSError:
                    pass
                time.sleep(0.05)


def notifier(instance):
    for process in instance.status()["processes"]:
        if process["process"] == "notifier":
            return process["pid"]
    return None


def check(receivers, name):
    counts, order = {}, {}
    for call in receivers.of("/ok"):
        body = call.json()
        times = order.setdefault(body["inventory_id"], [])
        if body["timestamp"] not in times:
            times.append(body["timestamp"])
        counts[body["inventory_id"]] = len(times)
    missing = [number for number in range(TASKS) if counts.get(f"movie-{number}", 0) == 0]
    ok(not missing, f"{name}: every task is told of", missing)
    wrong = [item for item, times in order.items() if times != sorted(times)]
    ok(not wrong, f"{name}: the first deliveries of a task are in order", wrong)


def distinct(receivers):
    return len({(c.json()["inventory_id"], c.json()["timestamp"]) for c in receivers.of("/ok")})


def run(name, act, expect):
    instance = Instance(conf={"webhook_networks": "127.0.0.0/8"}, expect=expect)
    receivers = Receivers()
    hook = {"url": receivers.on("/ok", answers(200)), "format": "vionlabs", "max_parallel": 8}
    headers = instance.bearer() + [("Content-Type", "application/json")]
    instance.request("POST", "/v1/webhooks", hook, headers=headers)
    threads = [
        threading.Thread(target=end_tasks, args=(instance, number)) for number in range(TASKS)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(random.uniform(0.1, 0.6))
        act(instance)
    for thread in threads:
        thread.join()
    instance.wait_serving()
    # Two ends within one millisecond have the same time.
    ok(
        until(lambda: distinct(receivers) >= TASKS * VERSIONS * 0.98, 60),
        f"{name}: every event arrives",
        distinct(receivers),
    )
    check(receivers, name)
    instance.stop(name)


def kill_notifier(instance):
    pid = notifier(instance)
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def notifier_killed():
    run("notifier", kill_notifier, ["exit", "recovery"])


def service_killed():
    def act(instance):
        time.sleep(1)
        instance.kill_daemon()
        instance.start()

    run("service", act, ["exit", "recovery"])


run_tests(notifier_killed, service_killed)
