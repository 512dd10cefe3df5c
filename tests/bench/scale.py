"""A million tasks answer like ten thousand: one by id, a status that twenty have.

    tests/bench/scale.py [SMALL [LARGE]]     (after make)
"""
import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from lib import BASE, Instance

ROUNDS, REQUESTS = 7, 200


def load(count):
    instance = Instance(
        autostart=False,
        conf={
            "expected_tasks": str(count),
            "cache_mb": "1024",
            "workers": "1",
            "log_level": "warn",
        },
    )
    instance.make_principal()
    begun = time.monotonic()
    instance.ctl_run("load-sample", str(count), "--tenant", "demo", timeout=3600)
    seconds = time.monotonic() - begun
    instance.start()
    rows = instance.tasks("/tasks/failed")
    print(
        f"{count} tasks loaded in {seconds:.1f} s ({count / seconds:.0f}/s); 20 failed: {len(rows)}",
        flush=True,
    )
    if len(rows) != 20:
        raise SystemExit("load-sample promises twenty")
    # Ids from anywhere in the store, not only those that were made last.
    export = instance.ctl_run("export", timeout=3600).stdout
    ids = re.findall(r'"id":"([^"]+)"', export)
    if len(ids) != count:
        raise SystemExit(f"{len(ids)} of {count} tasks exported")
    return instance, [BASE + "/tasks/" + one for one in ids[:: max(1, count // 997)]]


def measure(instance, paths):
    """Median milliseconds over one kept connection."""
    connection, times = instance.connect(30), []
    for number in range(REQUESTS):
        begun = time.perf_counter()
        answer = instance.request("GET", paths[number * 31 % len(paths)], connection=connection)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise SystemExit(str(answer))
    connection.close()
    return statistics.median(times)


def main():
    counts = [int(word) for word in sys.argv[1:]] or [10000, 1000000]
    sides = [load(count) for count in counts]
    questions = {
        "one task by id": lambda paths: paths,
        "the list of a status that 20 have": lambda paths: [BASE + "/tasks/status/failed"],
        "a status that nobody has": lambda paths: [BASE + "/tasks/status/none"],
    }
    for name, choose in questions.items():
        rounds = [
            [measure(instance, choose(paths)) for instance, paths in sides] for _ in range(ROUNDS)
        ]
        medians = [statistics.median(column) for column in zip(*rounds)]
        ratio = statistics.median(large / small for small, large in rounds)
        print(
            f"{name:36}"
            + "".join(f"{value:9.3f} ms" for value in medians)
            + f"   ratio {ratio:5.2f}   goal <= 1.5",
            flush=True,
        )
    for instance, _ in sides:
        instance.verify("verify")
        instance.stop("scale")


main()
