"""The files for Prometheus and Grafana: rules, their cases, the example configuration, the board.

polytaskd(8) is the list of the metrics here; e2e/test_metrics.py compares it with the service.
"""
import functools
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import run_tests
from paths import SOURCE
from processes import find_program, make_directory
from tap import equal, ok, skip

PROMETHEUS = os.path.join(SOURCE, "data", "prometheus")
RULES = os.path.join(PROMETHEUS, "polytask.rules.yml")
CASES = os.path.join(PROMETHEUS, "polytask.rules.test.yml")
BOARD = os.path.join(SOURCE, "data", "grafana", "polytask.json")
# Labels that Prometheus adds, and that of the buckets of histograms.
COMMON = {"job", "instance", "le"}
SEVERITIES = ("critical", "warning")


def text_of(path):
    with open(path) as file:
        return file.read()


def promtool(what, *args):
    if not find_program("promtool"):
        skip(what, "prometheus is not installed")
        return
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, timeout=200)
    ok(done.returncode == 0, what, done.stdout + done.stderr)


@functools.cache
def metrics():
    """{name of a time series: its labels}"""
    found = {}
    page = text_of(os.path.join(SOURCE, "src", "polytaskd.8")).split(".Sh METRICS\n")[1]
    for name, about in re.findall(r"\.It Cm (\w+)\n((?:[^.].*\n)+)", page.split("\n.Sh ")[0]):
        told = re.search(r"^Labels: (.*)\.$", about, re.M)
        labels = COMMON | set(told[1].split(", ") if told else ())
        suffixes = ("_bucket", "_sum", "_count") if "A histogram.\n" in about else ("",)
        found.update({f"polytask_{name}{suffix}": labels for suffix in suffixes})
    return found


def unknown(expression, records=()):
    """Metrics, labels and recording rules of an expression that do not exist."""
    faults = []
    # Not those of recording rules, whose names have a colon.
    for name, matchers in re.findall(r"(?<![\w:])(polytask_\w+)(?![\w:])(?:\{([^}]*)\})?", expression):
        if name not in metrics():
            faults.append(name)
            continue
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', matchers)))
        faults += [f"{name}: {label}" for label in labels - metrics()[name]]
    faults += set(re.findall(r"\w+:polytask_\w+:\w+", expression)) - set(records)
    return faults


# ---- Prometheus ----


def blocks(text, kind):
    """{name: text} of the rules: kind is alert or record."""
    return dict(re.findall(rf"^      - {kind}: (\S+)\n((?:(?:        .*)?\n)*)", text, re.M))


def expression_of(rule):
    """Without the texts of an alert."""
    return rule.split("annotations:")[0]


def rules_use_known_metrics():
    text = text_of(RULES)
    alerts, records = blocks(text, "alert"), blocks(text, "record")
    ok(len(alerts) >= 20 and len(records) >= 4, "rules were found", (len(alerts), len(records)))
    ok(len(metrics()) > 60, "metrics were found", len(metrics()))
    faults = {
        name: unknown(expression_of(rule), records) for name, rule in [*alerts.items(), *records.items()]
    }
    faults = {name: found for name, found in faults.items() if found}
    equal(faults, {}, "each metric and label of the rules exists")
    equal(unknown('polytask_up{a="b"} + x:polytask_y:z + polytask_serving{role="x"}'),
          ["polytask_up", "polytask_serving: role", "x:polytask_y:z"], "the comparison finds others")


def the_manual_names_known_metrics():
    page = text_of(os.path.join(SOURCE, "src", "polytaskd.8")).split(".Sh MONITORING\n")[1]
    lines = re.findall(r"^\.(?:It )?Cm (.*)$", page.split("\n.Sh ")[0], re.M)
    names = set(re.findall(r"\b[a-z]+_[a-z_]+\b", " ".join(lines)))
    ok(len(names) >= 10, "names were found in MONITORING", names)
    known = {re.sub("_(bucket|sum|count)$", "", name) for name in metrics()}
    equal([name for name in names if f"polytask_{name}" not in known], [], "each is a metric")


def alerts_are_complete():
    manual = text_of(os.path.join(SOURCE, "src", "polytaskctl.8"))
    cases = text_of(CASES)
    for name, rule in blocks(text_of(RULES), "alert").items():
        faults = [word for word in ("summary: ", "description: >-") if word not in rule]
        severity = re.search(r"labels: \{ severity: (\w+) \}", rule)
        if not severity or severity[1] not in SEVERITIES:
            faults.append("severity")
        # A line of the page may end within a command.
        commands = re.findall(r"`polytaskctl\s+([a-z-]+)(?:\s+([a-z]+)(?=[\s`]))?", rule)
        faults += [
            " ".join(words)
            for words in commands
            if not re.search(rf"^\.It Cm {' '.join(words).strip()}\b", manual, re.M)
        ]
        if not commands:
            faults.append("no command of polytaskctl")
        if f'alertname="{name}",alertstate="firing"' not in cases:
            faults.append("no case in which it fires")
        equal(faults, [], f"{name} is complete")


def promtool_accepts():
    promtool("promtool check rules", "check", "rules", RULES)
    promtool("promtool check config", "check", "config", os.path.join(PROMETHEUS, "prometheus.yml"))
    promtool("promtool test rules", "test", "rules", CASES)


# ---- Grafana ----


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions(board):
    """(where, expression)"""
    for panel in panels(board):
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in board["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for variable in board["templating"]["list"]:
        query = variable["query"]
        if isinstance(query, dict):
            yield variable["name"], re.fullmatch(r"label_values\((.*), \w+\)", query["query"])[1]


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]
    )


def the_board():
    board = json.loads(text_of(BOARD))
    shown = list(panels(board))
    equal(len({panel["id"] for panel in shown}), len(shown), "the ids of panels differ")
    rows = [panel["title"] for panel in shown if panel["type"] == "row"]
    ok(len(rows) >= 7, "rows", rows)
    places = [panel["gridPos"] for panel in shown]
    equal([place for place in places if place["x"] + place["w"] > 24], [], "panels are within the 24 columns")
    equal(
        [(a, b) for i, a in enumerate(places) for b in places[i + 1 :] if overlap(a, b)],
        [], "panels do not overlap",
    )
    equal(
        [panel["title"] for panel in shown if panel["type"] != "row" and not panel["targets"]],
        [], "each panel has an expression",
    )
    names = {variable["name"] for variable in board["templating"]["list"]}
    equal(names, {"datasource", "instance", "dialect", "tenant"}, "variables")
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
    equal(used - names, {"__rate_interval", "__all"}, "each variable that is used is defined, or Grafana's")


def expressions_of_the_board():
    board = json.loads(text_of(BOARD))
    found = list(expressions(board))
    ok(len(found) > 50, "expressions were found", len(found))
    faults = {where: unknown(expression) for where, expression in found if unknown(expression)}
    equal(faults, {}, "each metric and label of the board exists")
    # promtool has no command for a single expression: as recording rules.
    rules = [
        {"record": f"board:{i}", "expr": re.sub(r"\$\w+", "x", expression.replace("$__rate_interval", "1m"))}
        for i, (_, expression) in enumerate(found)
    ]
    path = os.path.join(make_directory("polytask-board-"), "board.yml")
    with open(path, "w") as file:
        json.dump({"groups": [{"name": "board", "rules": rules}]}, file)
    promtool("promtool accepts the expressions of the board", "check", "rules", path)


run_tests(
    rules_use_known_metrics,
    the_manual_names_known_metrics,
    alerts_are_complete,
    promtool_accepts,
    the_board,
    expressions_of_the_board,
    needs=(),
)
