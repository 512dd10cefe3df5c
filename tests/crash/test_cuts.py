"""Simulated power cuts, for half a minute; cuts.py runs them for as long as wanted."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from cuts import Options, Run
from lib import POLYTASKD, SANITIZED
from service import RECORDER
from tap import note, ok, run, skip

ROUNDS = 12
LIES = 500
CONTROL_ROUNDS = 40
# Share of the rounds in which pages of data files are torn, too.
TORN = 0.4


def run_rounds(name, *words):
    if SANITIZED:
        skip(name, "a sanitizer must be loaded before the recorder")
        return None
    if not os.path.exists(RECORDER) or not os.path.exists(POLYTASKD):
        skip(name, "polytaskd or recorder.so is not built")
        return None
    options = Options(words)
    note(f"seed={options.seed}")
    done = Run(options, note)
    done.run()
    return done


def cuts_lose_nothing():
    """After each cut, every acknowledged change is there once, and nothing that was refused."""
    name = f"{ROUNDS} power cuts lose and double nothing"
    done = run_rounds(name, f"rounds={ROUNDS}", f"torn={TORN}", "seconds=3")
    if done:
        ok(not done.failures, name, done.failures)


def losses_are_noticed():
    """Negative control: if the last syncs are lies, the harness must notice the loss."""
    name = "lost tasks are noticed"
    words = ("torn=0", "seconds=1", f"lie={LIES}", "keep=0", "enough=3")
    done = run_rounds(name, f"rounds={CONTROL_ROUNDS}", *words)
    if done:
        ok(done.figures.problems["lost"] > 0, name, done.figures.problems)


def torn_pages_are_noticed():
    """Negative control: without the images of the doublewrite file, torn pages must be noticed."""
    name = "torn pages are noticed"
    words = ("torn=1", "seconds=1", "images=0", "keep=0", "enough=1")
    done = run_rounds(name, f"rounds={CONTROL_ROUNDS}", *words)
    if done:
        ok(done.figures.problems["stores that needed an operator"], name, done.figures.problems)


run((cuts_lose_nothing, losses_are_noticed, torn_pages_are_noticed))
