"""Reload and stop of the service under load."""
import os
import signal
import time

from lib import Instance, run_tests
from tap import equal, note, ok, until
from workload import Journal, Load


def reload_under_load():
    """Three reloads while eight clients work: nobody is refused, nothing is lost."""
    instance = Instance()
    journal = Journal()
    generations = {instance.status()["generation"]}
    before = instance.workers()
    with Load(instance, journal, clients=8):
        for turn in range(3):
            time.sleep(0.7)
            if turn == 2:
                instance.conf["workers"] = "3"
                instance.write_conf()
            old = max(generations)
            instance.daemon.send_signal(signal.SIGHUP)
            ok(
                until(lambda: instance.status()["generation"] > old, 10),
                f"reload {turn + 1} takes place",
            )
            generations.add(instance.status()["generation"])
        time.sleep(1)
    equal(set(journal.statuses), {200}, "every request was answered with 200")
    note(f"{journal.statuses}; generations {sorted(generations)}")
    ok(
        until(lambda: not set(before) & set(instance.workers()), 60, 0.5),
        "the first workers have left",
        instance.status(),
    )
    new = [
        child
        for child in instance.status()["processes"]
        if child["generation"] == max(generations)
    ]
    equal(
        len([child for child in new if child["process"].startswith("worker")]),
        3,
        "the new configuration counts",
    )
    journal.check(instance, "reload")
    instance.verify("reload")
    # A configuration that cannot be read changes nothing.
    with open(os.path.join(instance.dir, "polytask.conf"), "a") as conf:
        conf.write("workers = many\n")
    instance.expect.add("reload")
    instance.daemon.send_signal(signal.SIGHUP)
    ok(until(lambda: instance.events("reload"), 5), "a bad configuration is told")
    equal(instance.get("/tasks/none").status, 200, "and the old one stays")
    instance.stop("reload")


def stop_under_load():
    """TERM lets what was begun end: every answer is a success, or nginx's 503."""
    instance = Instance()
    journal = Journal()
    with Load(instance, journal, clients=8, reader=False):
        time.sleep(1)
        equal(instance.stop_daemon(), 0, "stops under load with status 0")
        time.sleep(0.3)
    ok(set(journal.statuses) <= {200, 503}, "each request got 200 or 503", journal.statuses)
    instance.start()
    journal.check(instance, "stop")
    instance.verify("stop")
    instance.stop("stop")


run_tests(reload_under_load, stop_under_load)
