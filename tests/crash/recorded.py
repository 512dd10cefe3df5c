"""A service under load whose changes of its home are recorded, and what its clients know of their tasks."""
import bisect
import os
import pickle
import random
import shutil
import tempfile
import time

from archive import Logs
from load import Load
from model import LOAD_CONF, QUOTA_COMMAND
from recording import Counter, Recording
from runs import start_or_fail
from service import MEMORY, Service

RECORD_SECONDS = 4
CHECKPOINT_PAUSE = 0.5
SMALL_LOGS_SHARE = 0.8  # of the recordings


def work_directory():
    return tempfile.mkdtemp(prefix="polytask-cuts-", dir=MEMORY)


class Recorded:
    """A recording with what its clients know; load() and save() keep it in a directory."""

    def __init__(self, work):
        self.work = work
        self.base, self.records = os.path.join(work, "base"), os.path.join(work, "records")

    def make(self, seed, seconds):
        counter = Counter(self.records)
        small_logs = random.Random(seed).random() < SMALL_LOGS_SHARE
        top = os.path.join(self.work, "recorded")
        service = Service(top, self.records, LOAD_CONF, small_logs)
        shutil.copytree(service.home, self.base)
        start_or_fail(service)
        service.ctl(*QUOTA_COMMAND)
        with Load(service.connect, counter.now, seed) as load:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(CHECKPOINT_PAUSE)
                service.ctl("checkpoint")  # which archives and removes finished logs
        if service.stop() != 0:
            raise RuntimeError(f"no orderly end: {service.log()[-3000:]}")
        self.known = {
            "root": os.path.realpath(service.home),
            "tasks": load.tasks(),
            "statuses": load.statuses(),
            "problems": load.problems(),
        }
        shutil.rmtree(service.top)
        with open(os.path.join(self.work, "known"), "wb") as out:
            pickle.dump(self.known, out)

    def load(self):
        with open(os.path.join(self.work, "known"), "rb") as file:
            self.known = pickle.load(file)
        self.tasks, self.problems = self.known["tasks"], self.known["problems"]
        self.recording = Recording(self.records, self.known["root"])
        self.turns = self.recording.turns()
        self.last = self.recording.last()
        self.logs = Logs(os.path.join(self.base, "log"))
        self.logs.follow(self.recording)
        steps = [step for task in self.tasks for step in task.steps]
        self.times = sorted((step.begin, step.wall) for step in steps)

    def time_of(self, cut):
        """A time that is not before the cut."""
        at = bisect.bisect_left(self.times, (cut, 0.0))
        return self.times[at][1] if at < len(self.times) else time.time()

    def removed_by_age(self):
        """Tasks that retention may have removed by the end."""
        end = self.time_of(self.last)
        return sum(task.may_be_removed(self.last, end) for task in self.tasks)

    def logs_removed(self):
        names = [each.path for each in self.recording.operations if each.kind == "unlink"]
        return len([name for name in names if name.startswith("log/")])

    def summary(self):
        return (
            f"{len(self.recording.operations)} operations, {self.logs_removed()} logs removed, "
            f"{len(self.tasks)} tasks, {self.removed_by_age()} of them due for removal, "
            f"answers {self.known['statuses']}"
        )
