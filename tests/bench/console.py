"""The console with 1,000,000 tasks: the time to the first row, bytes, tasks of the browser that take long.

    tests/bench/console.py [--tasks N] [--rounds N]     (after make; needs chromium and the packages of its tests)
"""
import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from console_site import Site, play, why_not


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    if why_not():
        raise SystemExit(why_not())
    site = Site(
        autostart=False,
        compared=False,
        conf={"expected_tasks": str(wanted.tasks), "cache_mb": "1024", "log_level": "warn"},
    )
    site.make_principal()
    begun = time.monotonic()
    loaded = site.ctl_run("load-sample", str(wanted.tasks), "--tenant", "demo", timeout=3600)
    if loaded.returncode != 0:
        raise SystemExit(loaded.stderr)
    print(f"# {wanted.tasks} tasks loaded in {time.monotonic() - begun:.0f} s", flush=True)
    site.start()
    os.environ["POLYTASK_ROUNDS"] = str(wanted.rounds)
    play(site, "budget")
    site.stop()


main()
