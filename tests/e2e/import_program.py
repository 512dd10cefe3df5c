"""Runs polytask-import with a task on its standard input, as a worker does."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import uuid

from paths import BUILD

PROGRAM = os.path.join(BUILD, "polytask-import")
LOOPBACK = ("--allow-network", "127.0.0.0/8")
DONE, AGAIN, FAILED, GIVEN_BACK = 0, 1, 65, 75


def md5(data):
    return hashlib.md5(data).hexdigest()


def make_task(url, number=7, attachable=("tracks", "12"), **fields):
    """A task in the shape of the native API. Fields that are None are absent."""
    all_fields = {
        "master-type": "hd",
        "url": url,
        "attachable": {"type": attachable[0], "id": attachable[1]},
        **fields,
    }
    return {
        "id": str(uuid.uuid4()),
        "dialect": "idol",
        "kind": "tracks/hd",
        "number": number,
        "state": "running",
        "status": "processing",
        "fields": {name: value for name, value in all_fields.items() if value is not None},
    }


class Outcome:
    def __init__(self, status, out, err, progress):
        self.status = status
        self.out = out
        self.result = json.loads(out) if out else None
        self.lines = err.decode("utf-8", "replace").splitlines()
        self.error = self.lines[-1] if self.lines else ""
        self.progress = [json.loads(line) for line in progress.splitlines()]

    def __repr__(self):
        return f"status {self.status}, {self.out!r}, {self.lines}"


class Media:
    """A folder of media, with a temporary one around it, in which nothing else may appear."""

    def __init__(self):
        self.around = tempfile.mkdtemp(prefix="polytask-import-")
        self.path = os.path.join(self.around, "media")
        os.mkdir(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.around)

    def command(self, *options, networks=LOOPBACK):
        return [PROGRAM, "--directory", self.path, *networks, *options]

    def start(self, task, *options, networks=LOOPBACK, **more):
        """A process that has its input."""
        text = task if isinstance(task, bytes) else json.dumps(task).encode() + b"\n"
        process = subprocess.Popen(
            self.command(*options, networks=networks),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )
        try:
            process.stdin.write(text)
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.stdin = None
        return process

    def run(self, task, *options, networks=LOOPBACK, environment=None, timeout=60, **more):
        read_end, write_end = os.pipe()
        variables = {**os.environ, "POLYTASK_PROGRESS_FD": str(write_end), **(environment or {})}
        process = self.start(
            task, *options, networks=networks, env=variables, pass_fds=(write_end,), **more
        )
        os.close(write_end)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            os.close(read_end)
            raise
        with open(read_end, "rb") as pipe:
            progress = pipe.read()
        return Outcome(process.returncode, out, err, progress)

    def partial(self, task, ending=""):
        return os.path.join(self.path, ".partial", task["id"] + ending)

    def files(self):
        """All files of the folder but partial ones, with their bytes."""
        found = {}
        for folder, folders, names in os.walk(self.path):
            if ".partial" in folders:
                folders.remove(".partial")
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.path)] = file.read()
        return found

    def partials(self):
        folder = os.path.join(self.path, ".partial")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []
