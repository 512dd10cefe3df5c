"""Shared memory that vanishes under the running service: noticed, recovered, nothing lost."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import Instance, run_tests
from tap import equal, note, ok, patient, until
from workload import Journal, Load

# A process that calls the store after the removal and before it is noticed finds the panic.
EVENTS = (
    "bdb",
    "exit",
    "keeper",
    "panic",
    "recovery",
    "regions",
    "store-lost",
    "store-panic",
    "worker",
)
NOTICED = patient(2)  # seconds
ANSWERED = patient(4)


def remove_files(folder):
    """As a cleaner of temporary files does."""
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


def remove_one(folder):
    os.unlink(os.path.join(folder, "__db.001"))


def lose(instance, journal, name, remove):
    recoveries = instance.status()["recoveries"]
    with Load(instance, journal, clients=8, prefix=name):
        until(lambda: journal.last_ok > 0, 20)
        time.sleep(0.5)
        begun = time.monotonic()
        remove(instance.conf["regions"])
        noticed = until(lambda: instance.status()["recoveries"] > recoveries, 20, 0.02)
        seconds = time.monotonic() - begun
        ok(
            noticed and seconds < NOTICED,
            f"{name}: the loss is noticed soon",
            f"{seconds:.2f} s",
        )
        recovered = time.monotonic()
        ok(
            until(lambda: journal.last_ok > recovered, 20, 0.01)
            and journal.last_ok - begun < ANSWERED,
            f"{name}: a create succeeds soon",
            f"{journal.last_ok - begun:.2f} s",
        )
        note(f"{name}: noticed after {seconds:.2f} s, create after {journal.last_ok - begun:.2f} s")
        time.sleep(0.3)
    journal.check(instance, name)
    instance.verify(name)


def removed():
    instance = Instance(expect=EVENTS)
    journal = Journal()
    lose(instance, journal, "all files removed", remove_files)
    lose(instance, journal, "the folder removed", shutil.rmtree)
    lose(instance, journal, "one file removed", remove_one)
    equal(instance.status()["recoveries"], 3, "one recovery for each loss")
    ok(set(journal.statuses) <= {200, 0, 503}, "answers are 200, 503 or none", journal.statuses)
    instance.stop("removed")


run_tests(removed)
