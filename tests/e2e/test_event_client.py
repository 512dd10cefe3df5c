"""npm's client of event streams (EventSource), unmodified, while processes are killed."""
import json
import os
import signal
import subprocess
import threading

from lib import Instance, run_tests
from native_client import TASKS
from paths import BUILD, SOURCE
from processes import find_program
from tap import equal, note, ok, skip, until

MODULES = os.path.join(BUILD, "tests", "listeners", "node_modules")
NODE = find_program("node")
JSON = ("Content-Type", "application/json")


class Listener:
    """The client in a process of its own, and what it has printed."""

    def __init__(self, instance):
        self.printed = []
        wanted = {"url": f"https://{instance.host}/v1/events", "token": instance.token}
        self.process = subprocess.Popen(
            [NODE, os.path.join(SOURCE, "tests", "e2e", "event_listener.cjs"), json.dumps(wanted)],
            env=dict(os.environ, NODE_PATH=MODULES, NODE_EXTRA_CA_CERTS=instance.cert),
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.printed.append(json.loads(line))

    def count(self, event):
        return sum(line["event"] == event for line in list(self.printed))

    def messages(self):
        return [line for line in list(self.printed) if line["event"] == "message"]

    def has(self, tasks):
        """Whether there is one event of each task, in this order, and no others."""
        texts = [json.dumps(message["data"]) for message in self.messages()]
        return len(texts) == len(tasks) and all(task in text for task, text in zip(tasks, texts))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def create(instance, count):
    tasks = []
    for _ in range(count):
        answer = instance.request(
            "POST", TASKS, {}, headers=[*instance.bearer(), JSON], documented=False
        )
        if answer.status != 201:
            raise RuntimeError(f"create: {answer}")
        tasks.append(answer.json()["id"])
    return tasks


def listener():
    if not NODE or not os.path.isdir(MODULES):
        skip("npm's client", "not installed: ./bootstrap check installs it with npm")
        return
    instance = Instance(expect=("exit",))
    client = Listener(instance)
    ok(until(lambda: client.count("open") == 1, 20), "the client connects", client.printed)
    tasks = create(instance, 20)
    ok(until(lambda: client.has(tasks), 20), "it gets all events in order", len(client.messages()))
    for pid in instance.workers():
        os.kill(pid, signal.SIGKILL)
    ok(until(instance.answers, 30), "the service answers after kill -9 of its workers")
    tasks += create(instance, 20)
    ok(until(lambda: client.has(tasks), 30), "no event is missing or repeated", len(client.messages()))
    instance.ctl("reload")
    tasks += create(instance, 20)
    ok(until(lambda: client.has(tasks), 30), "the same after a reload", len(client.messages()))
    instance.stop_daemon()
    instance.start_daemon()
    instance.wait_serving()
    tasks += create(instance, 20)
    ok(until(lambda: client.has(tasks), 30), "the same after a restart", len(client.messages()))
    note(f"connected {client.count('open')} times, {client.count('error')} errors")
    ok(client.count("open") >= 4, "it has connected after each of them", client.count("open"))
    places = [message["id"] for message in client.messages()]
    equal(len(set(places)), len(places), "each event has an id of its own")
    client.stop()
    instance.stop()


if __name__ == "__main__":
    run_tests(listener)
