"""Results as TAP lines (testanything.org), for automake's driver, and the time limit of a test.

The limit is POLYTASK_TEST_SECONDS of the environment, by default 300; 0: none. POLYTASK_TEST_PATIENCE, by
default 1, lengthens what must happen soon, for a machine that does other work as well.
"""
import faulthandler
import os
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True
# A shell starts background commands with SIGINT ignored, and their children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

TEST_SECONDS = int(os.environ.get("POLYTASK_TEST_SECONDS", "300"))
PATIENCE = float(os.environ.get("POLYTASK_TEST_PATIENCE", "1"))
# Then the program ends without its clean-up, if that hangs as well.
CLEAN_UP_SECONDS = 60

_count = 0
_failed = 0


def ok(condition, name, detail=""):
    global _count, _failed
    _count += 1
    print(("ok" if condition else "not ok"), _count, "-", name.replace("#", "no. "), flush=True)
    if not condition:
        _failed += 1
        for line in str(detail).splitlines()[:40]:
            print("#  ", line[:2000], flush=True)
    return bool(condition)


def equal(got, want, name):
    return ok(got == want, name, f"got:  {got!r}\nwant: {want!r}")


def skip(name, why):
    global _count
    _count += 1
    print("ok", _count, "-", name, "# SKIP", why, flush=True)


def note(text):
    print("#", text, flush=True)


class OutOfTime(BaseException):
    """Not an Exception, so that no test takes it for an error that it expects."""


def _end_test(number, frame):
    raise OutOfTime(f"no end after {TEST_SECONDS} seconds")


def _limit_time():
    if TEST_SECONDS and not sys.gettrace():
        signal.signal(signal.SIGALRM, _end_test)
        signal.alarm(TEST_SECONDS)
        faulthandler.dump_traceback_later(TEST_SECONDS + CLEAN_UP_SECONDS, exit=True)


def run(functions):
    """Runs each function, or those named on the command line; an exception is a failed test.

    A function without an end in time is the last: processes that it started are in an unknown state.
    """
    wanted = sys.argv[1:]
    for function in functions:
        if wanted and function.__name__ not in wanted:
            continue
        note(f"-- {function.__name__}")
        _limit_time()
        try:
            function()
        except OutOfTime:
            ok(False, function.__name__ + " ended in time", traceback.format_exc())
            break
        except Exception:
            ok(False, function.__name__ + " ran to its end", traceback.format_exc())
    signal.alarm(0)
    # Exit with 0: the harness would count another status as one more failure.
    print(f"1..{_count}", flush=True)
    if _failed:
        note(f"{_failed} failed")


def patient(seconds):
    """A limit on the time of what must not wait for a timeout."""
    return seconds * PATIENCE


def until(condition, seconds, step=0.05):
    """Polls a condition; returns its value once it is true, or the last one after the timeout."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)
