"""nginx's regular expressions take linear time for any request.

Each expression of the configuration is timed with generated inputs against a plain linear one, with
PCRE2's machine code (pcre_jit on) and without (nginx's default). Then nginx itself is timed.
"""
import os
import random
import re

from dialects import vionlabs
from expressions import NOMATCH, Library, find_expressions, subjects
from lib import Instance, run_tests
from nginx_site import SITE_PARTS
from processes import child_pids
from tap import note, ok

SIZE = 7800  # near large_client_header_buffers, 8k
# One step of a group with a lookahead for each byte. A linear expression takes up to 2 times as long.
PLAIN = r"(?s)^(?:(?!key=).)*+\z"
FACTOR = 16
PAIRS = 150
SEED = 1
# An expression of quadratic time, and an input that shows it: the bound must find it.
QUADRATIC = r"[?&](key|access-token)=.*&\1="
QUADRATIC_INPUT = ("/x" + "?key=" * 750 + "&" * 3750).encode()


def configuration(instance):
    texts = []
    for name in ["nginx"] + ["polytask-" + part for part in SITE_PARTS]:
        with open(os.path.join(instance.dir, "conf", name + ".conf")) as conf:
            texts.append(conf.read())
    return "\n".join(texts)


def choose(pairs):
    return random.Random(SEED).sample(pairs, min(PAIRS, len(pairs)))


def slowest(expression, inputs):
    """The longest time of all inputs, that input, and the errors other than NOMATCH."""
    times, errors = [], []
    for subject in inputs:
        times.append((expression.seconds(subject), subject))
        code = expression.match(subject)
        if code < NOMATCH:
            errors.append((code, subject[:60]))
    # A time may include an interruption: measure the longest ones again.
    again = [(expression.seconds(s, 5), s) for _, s in sorted(times, reverse=True)[:5]]
    return (*max(again), errors)


def expressions():
    instance = Instance(autostart=False)
    text = configuration(instance)
    found = list(dict.fromkeys(find_expressions(text)))
    marks = len(set(re.findall(r"""^[ \t]*"?(~\S.*?)(?:" |"?;|[ ]+\S+;$)""", text, re.M)))
    ok(len(found) >= marks > 10, f"{len(found)} expressions found", f"{marks}\n{found}")
    library = Library()
    for jit in (False, True):
        mode = "machine code" if jit else "interpreted"
        plain = library.compile(PLAIN, jit=jit).seconds(b"/" + b"a" * SIZE, 20)
        old = library.compile(QUADRATIC, jit=jit).seconds(QUADRATIC_INPUT, 3)
        ok(old > FACTOR * plain, f"{mode}: a quadratic expression is found", f"{old} {plain}")
        worst = (0, "")
        for pattern, flags in found:
            expression = library.compile(pattern, flags, jit)
            took, subject, errors = slowest(expression, subjects(pattern, SIZE, choose))
            worst = max(worst, (took / plain, pattern))
            ok(
                took < FACTOR * plain and not errors,
                f"{mode}: linear: {pattern}",
                f"{took / plain:.1f} times the plain one: {subject[:80]!r}\n{errors[:5]}",
            )
        note(f"{mode}: {worst[0]:.2f} times the plain one ({plain * 1e6:.0f} us): {worst[1]}")


def processor_seconds(instance):
    total = 0
    for pid in child_pids(instance.nginx.pid):
        with open(f"/proc/{pid}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def site():
    """Requests with such queries cost nginx about as much as others of their length."""
    instance = Instance(autostart=False)
    path = os.path.join(instance.dir, "conf", "nginx.conf")
    with open(path) as conf:
        text = conf.read()
    with open(path, "w") as conf:
        conf.write(text.replace("pcre_jit on;", ""))
    instance.make_principal()
    instance.start()
    address = vionlabs.PREFIX + "/x"

    def cost(query, count=150):
        connection = instance.connect()
        before = processor_seconds(instance)
        for _ in range(count):
            answer = instance.request(
                "GET", address + query, headers=[], connection=connection, documented=False
            )
            if answer.status != 401:
                raise RuntimeError(f"{query[:40]}: {answer}")
        connection.close()
        return (processor_seconds(instance) - before) / count

    plain = min(cost("?" + "a" * 7500) for _ in range(3))
    for name, query in {
        "a token's name many times": "?key=" * 750 + "&" * 3750,
        "many empty fields": "?" + "&" * 7500,
        "many names": "?" + "a&" * 3750,
        "many escapes": "?" + "%61" * 2500,
        "many questions": "?" * 7500,
        "many tokens": "?" + "key=a&" * 1250,
        "many beginnings of a token's name": "?" + "key" * 2500,
    }.items():
        ratio = min(cost(query) for _ in range(2)) / plain
        note(f"{name}: {ratio:.1f}")
        ok(ratio < 12, f"nginx without pcre_jit, {name}: no quadratic time", ratio)
    instance.stop("site")


run_tests(expressions, site)
