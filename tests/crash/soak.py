"""Creates and removes tasks for a long time: `make soak TASKS=N`, or this program with tasks=N.

A service with retention gets tasks from wrk; every fourth is removed by DELETE, the others by age.
After each round a line shows the tasks, the files and the memory of the processes. In the end a new
service is loaded with as many tasks as the first one had at most, and the files are compared.

    tasks=N     creations, default 1000000
    keep=S      seconds that ended tasks are kept, default 30
    seconds=S   of load in each round, default 20
    expected=N  expected_tasks, default 10000: pages of a larger file are all used before any again

The last line has the figures. The exit status is 1 if the files are more than twice those of the
fresh load, if a process has 1.5 times the memory at the end that it had in the middle, or if verify
finds a difference.
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from lib import Instance
from tap import until

FILES_MAX, MEMORY_MAX = 2.0, 1.5
OPTIONS = {"tasks": 1000000, "keep": 30, "seconds": 20, "expected": 10000}


def arguments():
    options = dict(OPTIONS)
    for argument in sys.argv[1:]:
        name, _, value = argument.partition("=")
        if name not in options or not (value.isdigit() or value == ""):
            raise SystemExit(__doc__)
        options[name] = int(value or options[name])
    return options


def new_instance(options, **conf):
    expected = str(options["expected"])
    return Instance(conf={"expected_tasks": expected, "cache_mb": "64", **conf})


def load(instance, seconds):
    """Runs wrk; returns the numbers of created tasks and of failed requests."""
    url = f"https://{instance.host}"
    script = os.path.join(HERE, "soak.lua")
    argv = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "10s", "-s", script]
    token = f"Authorization: Bearer {instance.token}"
    result = subprocess.run([*argv, "-H", token, url], capture_output=True, text=True, check=True)
    sums = re.search(r"soak (\d+) (\d+) (\d+)", result.stdout).groups()
    created, _, failed = map(int, sums)
    return created, failed


def file_sizes(instance):
    """Disk space of the data files in MiB; a sparse file counts with what is allocated."""
    folder = os.path.join(instance.conf["home"], "data")
    names = [name for name in sorted(os.listdir(folder)) if name.endswith(".db")]
    sizes = {name: os.stat(os.path.join(folder, name)).st_blocks / 2048 for name in names}
    return {name: round(size, 1) for name, size in sizes.items() if size >= 0.1}


def memory(pid):
    """Memory of a process that it shares with no other, in KiB."""
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def processes(status):
    pids = {child["process"]: child["pid"] for child in status["processes"]}
    return {name: memory(pid) for name, pid in {"supervisor": status["pid"], **pids}.items()}


def count(instance):
    return instance.native("GET", "/tasks?limit=1").json()["total"]


def soak(instance, options):
    """Returns the figures: the highest number of tasks, the memory in the middle and at the end, ..."""
    created = failed = most = 0
    middle, last, begun = None, None, time.monotonic()
    while created < options["tasks"]:
        sums = load(instance, options["seconds"])
        created, failed = created + sums[0], failed + sums[1]
        status = instance.status()
        tasks, last = count(instance), processes(status)
        removed = status["store"]["retention_removed"]
        most = max(most, tasks)
        if created >= options["tasks"] / 2 and not middle:
            middle = last
        print(
            f"{time.monotonic() - begun:5.0f} s: {created} created, {removed} removed by age, "
            f"{tasks} there; MiB: {file_sizes(instance)}; KiB: {last}",
            flush=True,
        )
    until(lambda: count(instance) == 0, 600, 2)
    growth = {name: round(last[name] / middle[name], 2) for name in last if name in middle}
    return {
        "created": created,
        "removed": instance.status()["store"]["retention_removed"],
        "left": count(instance),
        "most": most,
        "failed": failed,
        "growth": growth,
        "verified": instance.ctl_run("verify", timeout=600).returncode == 0,
    }


def stop(instance, name):
    """Stops a service, which writes a checkpoint; returns the size of its files."""
    instance.stop(name)
    return sum(file_sizes(instance).values())


def fresh_size(options, most):
    """Size of the files of a new service with that many tasks."""
    fresh, there = new_instance(options), 0
    while there < most:
        left = options["seconds"] * (most - there) // most
        load(fresh, max(1, min(options["seconds"], left)))
        there = count(fresh)
    return stop(fresh, "fresh") * most / there


def main():
    options = arguments()
    keep = f"{options['keep']}s"
    instance = new_instance(options, **{"retention.succeeded": keep, "retention.failed": keep})
    done = soak(instance, options)
    size = stop(instance, "soak")
    fresh = fresh_size(options, done["most"])
    print(
        f"{done['created']} created, {done['removed']} removed by age, {done['left']} left, "
        f"at most {done['most']} at once; files {size:.1f} MiB, fresh {fresh:.1f} MiB: "
        f"{size / fresh:.2f} times; memory {done['growth']} times; {done['failed']} requests failed; "
        f"verify {'agrees' if done['verified'] else 'finds differences'}"
    )
    good = size <= FILES_MAX * fresh and max(done["growth"].values()) <= MEMORY_MAX
    raise SystemExit(0 if good and done["verified"] else 1)


if __name__ == "__main__":
    main()
