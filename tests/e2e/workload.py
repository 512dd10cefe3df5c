"""Clients that create tasks while something fails, and a record of every answer."""
import http.client
import threading
import time

from tap import ok


class Journal:
    """The outcome of each creation: ok (2xx), fail (4xx) or unknown (5xx, broken connection)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.ok, self.fail, self.unknown = {}, {}, {}
        self.last_ok = 0.0
        self.seen = set()
        self.statuses = {}

    def record(self, name, answer):
        with self.lock:
            status = answer.status if answer else 0
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if answer and 200 <= answer.status < 300:
                self.ok[name] = answer.json()["task_id"]
                self.last_ok = time.monotonic()
            elif answer and 400 <= answer.status < 500:
                self.fail[name] = answer
            else:
                self.unknown[name] = answer

    def show(self, uuids):
        with self.lock:
            self.seen.update(uuids)

    def check(self, instance, name):
        """Acknowledged tasks exist once, refused ones do not, unknown ones exist at most once."""
        times, ids = {}, {}
        for task in instance.tasks():
            times[task.get("description")] = times.get(task.get("description"), 0) + 1
            ids[task["uuid"]] = task.get("description")
        lost = [key for key, uuid in self.ok.items() if ids.get(uuid) != key]
        ok(not lost, f"{name}: all {len(self.ok)} acknowledged tasks exist", lost[:10])
        ghosts = [key for key in self.fail if key in times]
        ok(not ghosts, f"{name}: no refused task ({len(self.fail)}) exists", ghosts[:10])
        twice = [key for key in (*self.ok, *self.unknown) if times.get(key, 0) > 1]
        ok(not twice, f"{name}: no task exists twice ({len(self.unknown)} unknown)", twice[:10])
        vanished = [uuid for uuid in self.seen if uuid not in ids]
        ok(not vanished, f"{name}: no listed task ({len(self.seen)}) has vanished", vanished[:10])


class Load:
    """Clients that create tasks, and one that lists them, until stopped or count are created."""

    def __init__(
        self, instance, journal, clients=16, count=None, prefix="t", reader=True, pause=0.0
    ):
        self.instance, self.journal, self.prefix, self.pause = instance, journal, prefix, pause
        self.stopping = threading.Event()
        self.left = count
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self._create, args=(i,), daemon=True) for i in range(clients)
        ]
        if reader:
            self.threads.append(threading.Thread(target=self._read, daemon=True))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()

    def join(self, seconds=60):
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.1, deadline - time.monotonic()))

    def _take(self):
        with self.lock:
            if self.left is None:
                return True
            self.left -= 1
            if self.left <= 0:
                self.stopping.set()
            return self.left >= 0

    def _create(self, client):
        connection, number = None, 0
        while not self.stopping.is_set() or self.left is not None:
            if not self._take():
                break
            number += 1
            name = f"{self.prefix}-{client}-{number}"
            connection = connection or self.instance.connect(20)
            try:
                answer = self.instance.post(
                    "/tasks",
                    {"description": name, "status": "pending", "log": "x" * 100},
                    connection=connection,
                )
                self.journal.record(name, answer)
                if answer.status >= 500:
                    time.sleep(0.02)
                if answer.headers.get("Connection") == "close":
                    connection.close()
            except (OSError, http.client.HTTPException):
                self.journal.record(name, None)
                connection.close()
                connection = None
                time.sleep(0.02)
            if self.pause:
                time.sleep(self.pause)

    def _read(self):
        while not self.stopping.is_set():
            try:
                answer = self.instance.get("/tasks/pending", timeout=20)
                if answer.status == 200:
                    self.journal.show(task["uuid"] for task in answer.json()["tasks"])
            except (OSError, ValueError, http.client.HTTPException):
                pass  # a broken list counts as not seen
            time.sleep(0.05)
