"""Readers of the feed, and whether what they have read is what happened."""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from paths import BUILD, SOURCE
from processes import find_program

MODULES = os.path.join(BUILD, "tests", "listeners", "node_modules")
NODE = find_program("node")
FOLDER = os.path.join(SOURCE, "tests", "crash")


class Copy(threading.Thread):
    """One reader, which is killed and started again until stop()."""

    def __init__(self, instance, name, way, pause=(0.5, 4.0), seed=0):
        super().__init__(daemon=True)
        self.name, self.way, self.pause, self.kills = name, way, pause, 0
        self.path = os.path.join(instance.dir, f"feed-{name}")
        self.wanted = {
            "host": "localhost",
            "port": instance.port,
            "cert": instance.cert,
            "token": instance.add_token("tester", name),
            "file": self.path,
            "way": way,
        }
        self.random, self.stopping = random.Random(seed), threading.Event()
        self.process = None

    def start_reader(self):
        if self.way == "client":
            argv = [NODE, os.path.join(FOLDER, "feed_client.cjs")]
        else:
            argv = [sys.executable, os.path.join(FOLDER, "feed_reader.py")]
        self.process = subprocess.Popen(
            [*argv, json.dumps(self.wanted)],
            env=dict(os.environ, NODE_PATH=MODULES, NODE_EXTRA_CA_CERTS=self.wanted["cert"]),
        )

    def has_begun(self):
        """It has a place in the feed: it misses no later event. The client's place is the first event."""
        try:
            with open(self.path) as file:
                return self.way == "client" or "\n" in file.read()
        except OSError:
            return False

    def run(self):
        while not self.stopping.is_set():
            self.start_reader()
            end = time.monotonic() + self.random.uniform(*self.pause)
            while time.monotonic() < end and self.process.poll() is None:
                if self.stopping.wait(0.05):
                    return
            self.kills += 1
            self.end_reader()

    def end_reader(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def rest(self):
        """No more kills: the reader that runs may read to the end."""
        self.stopping.set()
        self.join()
        if self.process.poll() is not None:
            self.start_reader()

    def events(self):
        """All that it has read. The last line may be incomplete."""
        try:
            with open(self.path) as file:
                lines = file.read().split("\n")[:-1]
        except OSError:
            return []
        return [event for event in map(json.loads, lines) if "type" in event]

    def has_read(self, event):
        return any(e["id"] == event for e in self.events()[-50:])


def number(event):
    return int(event["id"].split("-")[1])


def all_events(instance):
    """The feed from its beginning, by pages."""
    events, place = [], "first"
    while True:
        page = instance.native("GET", f"/events?after={place}&limit=1000").json()
        events += page["items"]
        place = page["next"]
        if not page["more"]:
            return events


def all_tasks(instance):
    tasks = {}
    for archived in ("false", "true"):
        cursor = ""
        while cursor is not None:
            path = f"/tasks?limit=500&total=false&archived={archived}"
            page = instance.native("GET", path + (cursor and f"&cursor={cursor}")).json()
            tasks.update({task["id"]: task for task in page["items"]})
            cursor = page["next"]
    return tasks


def wrong_order(events):
    """Events that do not follow the one before, of all or of their task."""
    wrong, revisions = [], {}
    for before, event in zip([None, *events], events):
        if before and number(event) <= number(before):
            wrong.append(f"{event['id']} after {before['id']}")
        if event["revision"] <= revisions.get(event["task_id"], 0):
            wrong.append(f"{event}: the revision before is {revisions[event['task_id']]}")
        revisions[event["task_id"]] = event["revision"]
    return wrong


def wrong_copy(events, tasks):
    """What differs between the tasks, and the last event of each."""
    last, wrong = {}, []
    for event in events:
        last[event["task_id"]] = event
    for task, event in last.items():
        shown = tasks.get(task)
        if event["type"] == "task.removed":
            if shown:
                wrong.append(f"{task} was removed, and is there")
        elif not shown:
            wrong.append(f"{task} is not there; its last event: {event}")
        elif any(event[m] != shown[m] for m in ("dialect", "kind", "state", "status")):
            wrong.append(f"{shown} after {event}")
    return wrong + [f"{task}: no event" for task in tasks if task not in last]


def wrong_history(instance, events, tasks):
    """What differs between the events of each task that exists, and its history."""
    of_task, wrong = {}, []
    for event in events:
        of_task.setdefault(event["task_id"], []).append(event)
    for task in tasks:
        page = instance.native("GET", f"/tasks/{task}/history?limit=1000").json()
        told = [(e["event"], e["revision"], e["at"]) for e in of_task.get(task, [])]
        happened = [(e["event"], e["revision"], e["at"]) for e in reversed(page["items"])]
        if told != happened or not page["complete"]:
            wrong.append(f"{task}: told {told}, happened {happened}")
    return wrong
