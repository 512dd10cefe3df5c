"""Reload and stop of the service under load."""
import os
import signal
import time

from lib import WORKERS, Instance, run_tests
from tap import equal, note, ok, until
from workload import Journal, Load


def reload_under_load():
    """Three reloads while eight clients create tasks: no request fails, no task is lost."""
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
                f"reload {turn + 1} starts a new generation",
            )
            generations.add(instance.status()["generation"])
        time.sleep(1)
    equal(set(journal.statuses), {200}, "all answers during reloads are 200")
    note(f"{journal.statuses}; generations {sorted(generations)}")
    ok(
        until(lambda: not set(before) & set(instance.workers()), 60, 0.5),
        "the first workers have ended",
        instance.status(),
    )
    new = [
        child
        for child in instance.status()["processes"]
        if child["generation"] == max(generations)
    ]
    equal(
        len([child for child in new if child["process"].split()[0] in WORKERS]),
        3,
        "a reload applies the new number of workers",
    )
    journal.check(instance, "reload")
    instance.verify("reload")
    # An invalid configuration.
    with open(os.path.join(instance.dir, "polytask.conf"), "a") as conf:
        conf.write("workers = many\n")
    instance.expect.add("reload")
    instance.daemon.send_signal(signal.SIGHUP)
    ok(until(lambda: instance.events("reload"), 5), "an invalid configuration is logged")
    equal(instance.get("/tasks/cancelled").status, 200, "an invalid configuration keeps the old one")
    instance.stop("reload")


def stop_under_load():
    """SIGTERM lets running requests end: every answer is a success, or nginx's 503."""
    instance = Instance()
    journal = Journal()
    with Load(instance, journal, clients=8, reader=False):
        time.sleep(1)
        equal(instance.stop_daemon(), 0, "SIGTERM under load: status 0")
        time.sleep(0.3)
    ok(
        set(journal.statuses) <= {200, 503},
        "all answers during a stop are 200 or 503",
        journal.statuses,
    )
    instance.start()
    journal.check(instance, "stop")
    instance.verify("stop")
    instance.stop("stop")


run_tests(reload_under_load, stop_under_load)
