"""The lists of polytaskctl: header, order, JSON, and aligned columns at a terminal."""
import json
import os
import re

from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok
from terminal import Terminal

# Commands with rows, their first column, and whether the rows are sorted by their bytes.
LISTS = (
    (("user", "list"), "name", True),
    (("password", "list"), "user", True),
    (("token", "list"), "label", True),
    (("key", "list"), "id", True),
    (("quota", "list"), "tenant", True),
    (("number", "list"), "tenant", True),
    (("worker", "list", "--tenant", "demo"), "name", True),
    (("webhook", "list", "--tenant", "demo"), "id", False),
    (("task", "list", "--tenant", "demo"), "id", False),
    (("task", "count", "--tenant", "demo"), "dialect", False),
    (("events", "--tenant", "demo"), "time", False),
)


def fill(instance):
    for name in ("zoe", "ann"):
        instance.ctl("user", "add", name, "--tenant", "demo")
        instance.ctl("password", "set", name, stdin="correct horse battery\n")
        instance.add_token(name, "label-" + name)
        instance.add_key(name, "--id", "key-" + name)
        instance.ctl("worker", "drain", name, "--tenant", "demo")
        instance.ctl("webhook", "add", f"https://{name}.example/", "--tenant", "demo")
    instance.ctl("number", "set", "7", "--tenant", "demo", "--dialect", "idol")
    for dialect in ("idol", "virtshell"):
        instance.ctl("load-sample", "3", "--tenant", "demo", "--dialect", dialect)


def formats(instance, state):
    for words, first, is_sorted in LISTS:
        name = f"{state}: {' '.join(words[:2])}"
        lines = instance.ctl(*words).splitlines()
        rows = instance.ctl(*words, "--noheadings").splitlines()
        objects = [json.loads(line) for line in instance.ctl(*words, "--json").splitlines()]
        ok(
            len(rows) > 0 and lines[0].split("\t")[0] == first and lines[1:] == rows,
            f"{name}: a header and the rows of --noheadings",
            (lines, rows),
        )
        ok(
            len(objects) == len(rows) and all(isinstance(item, dict) for item in objects),
            f"{name}: --json has an object for each row",
            objects,
        )
        if is_sorted:
            equal(rows, sorted(rows), f"{name}: sorted")


def at_terminal(instance, state):
    conf = os.path.join(instance.dir, "polytask.conf")
    for words, first, _ in LISTS[:-1]:
        terminal = Terminal([POLYTASKCTL, "-c", conf, *words], columns=500)
        equal(terminal.end(), 0, f"{state}: {' '.join(words[:2])} at a terminal")
        lines = terminal.text.splitlines()
        plain = [line.split("\t") for line in instance.ctl(*words).splitlines()]
        starts = [match.start() for match in re.finditer(r"(?<!\S)\S", lines[0])]
        ok(
            [line.split() for line in lines] == [" ".join(cells).split() for cells in plain]
            and lines[0].startswith(first)
            and "\t" not in terminal.text
            and all(len(line) <= at or line[at - 1] == " " for line in lines for at in starts[1:]),
            "the same cells, in aligned columns",
            (lines, plain),
        )
        terminal.close()
    terminal = Terminal([POLYTASKCTL, "-c", conf, "user", "list", "--json"])
    equal(terminal.end(), 0, f"{state}: --json at a terminal")
    ok(
        all(json.loads(line) for line in terminal.text.splitlines()), "is not aligned", terminal.text
    )
    terminal.close()
    terminal = Terminal([POLYTASKCTL, "-c", conf, "task", "list", "--tenant", "demo", "--limit", "1"], columns=500)
    terminal.end()
    last = terminal.text.splitlines()[-1]
    equal(last, "polytaskctl: note: more tasks match (--limit)", f"{state}: a note follows the table")
    terminal.close()
    terminal = Terminal([POLYTASKCTL, "-c", conf, "user", "list", "--noheadings"])
    terminal.end()
    equal(len(terminal.text.splitlines()), 3, f"{state}: no header at a terminal")
    terminal.close()


def without_rows():
    """One rule for all lists: the header, at a terminal and elsewhere; nothing with --json."""
    instance = Instance(autostart=False)
    instance.ctl("user", "add", "ann", "--tenant", "demo")
    conf = os.path.join(instance.dir, "polytask.conf")
    for words, first, _ in LISTS[1:]:
        name = " ".join(words[:2])
        lines = instance.ctl(*words).splitlines()
        ok(len(lines) == 1 and lines[0].split("\t")[0] == first, f"{name}: only the header", lines)
        for option in ("--noheadings", "--json"):
            equal(instance.ctl(*words, option), "", f"{name} {option}: nothing")
        terminal = Terminal([POLYTASKCTL, "-c", conf, *words], columns=500)
        equal(terminal.end(), 0, f"{name} at a terminal: no error")
        equal(terminal.text.split(), lines[0].split(), "and the header")
        terminal.close()


def lists():
    instance = Instance()
    fill(instance)
    formats(instance, "up")
    at_terminal(instance, "up")
    watched = instance.ctl("task", "create", "--dialect", "native", "--tenant", "demo").strip()
    done = instance.ctl_run("task", "watch", watched, "--timeout", "1", "--noheadings")
    ok(done.stdout.count("\n") == 1 and "pending" in done.stdout, "task watch --noheadings", done)
    instance.stop()
    formats(instance, "down")
    at_terminal(instance, "down")


run_tests(without_rows, lists)
