"""Workers that behave badly, side by side, and a service that is killed: one result for each task."""
import threading
import time

from claim_racers import Journal, Racer, check_results, create_tasks, left
from lib import Instance, run_tests
from tap import equal, note, ok

WORKERS = 8
TASKS = 50  # of each dialect


def one_result_of_each_task():
    instance = Instance(expect={"child", "recovery"})
    journal, tasks = Journal(), create_tasks(instance, TASKS)
    deadline = time.monotonic() + 120
    done = threading.Event()
    racers = [Racer(instance, journal, i, done.is_set) for i in range(WORKERS)]
    began = time.monotonic()
    for racer in racers:
        racer.start()
    time.sleep(1.5)
    instance.kill_daemon()
    time.sleep(0.3)
    instance.start()
    while left(instance) and time.monotonic() < deadline:
        time.sleep(0.2)
    done.set()
    for racer in racers:
        racer.join(30)
    note(f"{time.monotonic() - began:.1f} s, {dict(journal.counts)}")
    equal(left(instance), 0, f"all {len(tasks)} tasks have ended")
    ok(not journal.wrong, "every answer was possible", journal.wrong[:20])
    check_results(instance, journal, tasks)
    instance.verify("races")
    instance.stop("races")


run_tests(one_result_of_each_task)
