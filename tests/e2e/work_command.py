"""`polytaskctl work` as a process of a test, and the processes that its commands leave."""
import os
import signal
import uuid

from lib import POLYTASKCTL
from processes import finish, start
from tap import until

MARKER = "POLYTASK_TEST_MARKER"


class Work:
    """One worker of an instance; every process that it starts has a marker in its environment.

    options: the words before the command; command: words, or None for --simulate; errors: a
    descriptor for standard output and error instead of the log.
    """

    def __init__(
        self, instance, options=(), command=None, token=None, env=None, url=None, errors=None
    ):
        self.instance, self.marker = instance, uuid.uuid4().hex
        self.peak = 0  # KiB of memory, as wait() has seen it
        self.log_path = os.path.join(instance.dir, "log", f"work-{self.marker}.log")
        words = [POLYTASKCTL, "work", *map(str, options)]
        words += ["--", *command] if command else ["--simulate"]
        with open(self.log_path, "wb") as log:
            self.process = start(
                words,
                log if errors is None else errors,
                env={
                    **os.environ,
                    "POLYTASK_URL": url or f"https://localhost:{instance.port}",
                    "POLYTASK_TOKEN": token or instance.token,
                    "POLYTASK_CACERT": instance.cert,
                    MARKER: self.marker,
                    **(env or {}),
                },
            )

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """The exit status; None: it does not end."""
        until(self._ended, seconds)
        return self.process.poll()

    def _ended(self):
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                words = [line.split() for line in status]
            self.peak = max(self.peak, *(int(line[1]) for line in words if line[0] == "VmHWM:"))
        except (OSError, TypeError):
            pass
        return self.process.poll() is not None

    def stop(self, seconds=30):
        return finish(self.process, signal.SIGTERM, seconds)

    def processes(self):
        """{pid: command line} of all that it has started."""
        found = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/environ", "rb") as environment:
                    marked = f"{MARKER}={self.marker}".encode() in environment.read().split(b"\0")
                with open(f"/proc/{name}/cmdline", "rb") as line:
                    words = line.read().replace(b"\0", b" ").decode(errors="replace")
                with open(f"/proc/{name}/stat") as stat:
                    zombie = stat.read().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if marked and not zombie and int(name) != self.process.pid:
                found[int(name)] = words
        return found

    def guards(self):
        """The children of the worker."""
        found = []
        for pid in self.processes():
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.process.pid:
                found.append(pid)
        return found

    def left(self, seconds=5):
        """Processes that do not end; {} if all do."""
        until(lambda: not self.processes(), seconds)
        return self.processes()
