"""Readers of the feed beside kills: `make feed SECONDS=60 SEED=1`, or this program with such words.

Workers and clients change tasks of all dialects while processes of the service are killed one by
one or all together, and readers of the feed are killed and resume: one by pages, one by the stream,
one with the npm package eventsource. At the end each reader's copy must equal the tasks: no event
is missing or doubled, and they are in order.

    seconds=N    default 20
    workers=N    default 20
    seed=S       default random; printed
"""
import http.client
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
os.environ.setdefault("POLYTASK_TEST_SECONDS", "0")
import tap
from claim_racers import DIALECTS, Journal, Racer
from feed_copy import (
    MODULES,
    NODE,
    Copy,
    all_events,
    all_tasks,
    wrong_copy,
    wrong_history,
    wrong_order,
)
from lib import Instance
from runs import read_words
from tap import note, ok, until
from work import kill_some

KILL_SECONDS = (0.5, 3)
END_SECONDS = 60  # for the readers to read the rest
UNANSWERED = (OSError, http.client.HTTPException, ValueError, KeyError)


class Changer(threading.Thread):
    """Creates, changes, archives and removes tasks at random."""

    def __init__(self, instance, number, ended):
        super().__init__(daemon=True)
        self.instance, self.ended, self.random = instance, ended, random.Random(number)
        self.name, self.tasks, self.created = f"changer-{number}", [], 0
        self.connection = instance.connect(20)

    def create(self):
        dialect = self.random.choice(list(DIALECTS))
        own = {"version": f"{self.name}.{self.created}"} if dialect == "vionlabs" else {}
        answer = self.ask("POST", "", {"dialect": dialect, "fields": {**DIALECTS[dialect], **own}})
        self.created += 1
        if answer and answer.status == 201:
            self.tasks.append(answer.json()["id"])

    def ask(self, method, path, body=None):
        return self.instance.native(
            method, "/tasks" + path, body, connection=self.connection, documented=False
        )

    def change(self):
        task = self.random.choice(self.tasks)
        way = self.random.random()
        if way < 0.5:
            self.ask("PATCH", f"/{task}", {"priority": self.random.randrange(10)})
        elif way < 0.6:
            self.ask("PATCH", f"/{task}", {"state": "cancelled"})
        elif way < 0.7:
            self.ask("POST", f"/{task}/retry")
        elif way < 0.8:
            self.ask("POST", f"/{task}/archive")
        else:
            self.ask("DELETE", f"/{task}")
            self.tasks.remove(task)

    def run(self):
        while not self.ended():
            try:
                if len(self.tasks) < 5 or self.random.random() < 0.4:
                    self.create()
                else:
                    self.change()
            except UNANSWERED:
                self.connection.close()
                time.sleep(0.1)
            time.sleep(0.01)


def kill_for(instance, draw, racers, seconds):
    counts, end = {}, time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(draw.uniform(*KILL_SECONDS))
        try:
            name = kill_some(instance, draw, racers, [0.0])
        except (OSError, ValueError, RuntimeError, IndexError):
            continue  # it recovers
        counts[name] = counts.get(name, 0) + 1
    note(f"killed: {counts}")


def is_quiet(instance):
    """The leases of workers that vanished have ended, and the delays after that: these are events."""
    totals = instance.native("GET", "/stats").json()["totals"]
    return totals["states"]["running"] == 0 and totals["delayed"] == 0


def start_copies(instance, seed):
    ways = ["pages", "stream"] + (["client"] if NODE and os.path.isdir(MODULES) else [])
    copies = [Copy(instance, way, way, seed=seed + i) for i, way in enumerate(ways)]
    for copy in copies:
        copy.start()
    ok(until(lambda: all(copy.has_begun() for copy in copies), 60), "the readers have begun")
    return copies


def check(instance, copy, events, tasks):
    read = copy.events()
    note(f"{copy.name}: {len(read)} events, killed {copy.kills} times")
    wrong = wrong_order(read)
    ok(not wrong, f"{copy.name}: each event once, in order", "\n".join(wrong[:10]))
    missing = {e["id"] for e in events} ^ {e["id"] for e in read}
    ok(not missing, f"{copy.name}: all events", sorted(missing)[:10])
    wrong = wrong_copy(read, tasks)
    ok(not wrong, f"{copy.name}: the copy equals the tasks", "\n".join(wrong[:10]))
    wrong = wrong_history(instance, read, tasks)
    ok(not wrong, f"{copy.name}: the events of each task", "\n".join(wrong[:5]))


def feed(words):
    draw = random.Random(words["seed"])
    instance = Instance(
        conf={"principal_rate": "0", "principal_requests": "2000"},
        expect={"child", "exit", "recovery", "restart", "start", "stuck"},
    )
    journal, ended = Journal(), threading.Event()
    copies = start_copies(instance, words["seed"])
    racers = [Racer(instance, journal, i, ended.is_set) for i in range(words["workers"])]
    changers = [Changer(instance, i, ended.is_set) for i in range(4)]
    for thread in (*racers, *changers):
        thread.start()
    kill_for(instance, draw, racers, words["seconds"])
    ended.set()
    for thread in (*racers, *changers):
        thread.join(60)
    for copy in copies:
        copy.rest()
    instance.wait_serving()
    ok(until(lambda: is_quiet(instance), 60), "nothing happens any more")
    events, tasks = all_events(instance), all_tasks(instance)
    for copy in copies:
        until(lambda: copy.has_read(events[-1]["id"]), END_SECONDS)
        copy.end_reader()
    note(f"{len(events)} events of {len(tasks)} tasks")
    for copy in copies:
        check(instance, copy, events, tasks)
    instance.verify("feed")
    instance.stop("feed")


def main(**defaults):
    defaults = {"seconds": 20, "workers": 20, "seed": random.randrange(1 << 32), **defaults}
    words = read_words(sys.argv[1:], **defaults)
    words = {name: int(value) for name, value in words.items()}
    print("# seed", words["seed"], flush=True)
    del sys.argv[1:]

    def of_all_changes():
        feed(words)

    tap.run([of_all_changes])


if __name__ == "__main__":
    main()
