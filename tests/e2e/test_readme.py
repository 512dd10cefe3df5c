"""README's calls, as written, against a new `./bootstrap run`."""
import json
import os
import signal
import subprocess

from bootstrap_run import Run
from lib import run_tests
from paths import BUILD, SOURCE
from processes import finish, free_port, make_directory
from tap import equal, ok

# Calls whose answer is printed: four of VirtShell's claim, two for each of the others, one signed request.
ANSWERS = 15


def run_calls(home, begin, end):
    """The commands of README between two texts, as written."""
    with open(os.path.join(SOURCE, "README")) as readme:
        text = readme.read()
    text = text[text.index(begin) : text.index(end)]
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    calls = "\n".join(lines).replace("./run/demo.env", f"'{home}/demo.env'")
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", 'curl() { command curl --fail-with-body "$@"; }\n' + calls],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=BUILD,
        env=dict(os.environ, no_proxy="*"),
    )


def check_readme(home):
    done = run_calls(home, "    . ./run/demo.env", "The state of the processes")
    equal((done.returncode, done.stderr), (0, ""), "README's calls succeed")
    answers = [line for line in done.stdout.splitlines() if line]
    for answer in answers:
        ok(len(json.loads(answer)) > 0, f"README: {answer[:60]}")
    equal(len(answers), ANSWERS, "README: every call has an answer")


def check_worker(home):
    done = run_calls(home, "Try them with a service", "ROAD MAP")
    equal(done.returncode, 0, f"README's worker succeeds: {done.stderr}")
    task = json.loads(done.stdout)
    equal((task["kind"], task["state"], task["attempt"]), ("copy", "succeeded", 1), "it has worked on the task")
    equal(task["result"]["id"], task["id"], "the result is the task")


def readme():
    run = Run(os.path.join(make_directory("polytask-run-"), "run"), free_port())
    try:
        if ok("ready on" in run.wait(), "bootstrap run is ready", run.text()):
            check_readme(run.home)
            check_worker(run.home)
    finally:
        equal(finish(run.process, signal.SIGINT, 30), 0, "Ctrl-C: exit status 0")


run_tests(readme)
