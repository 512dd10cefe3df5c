"""Shared by the runs by hand: their words, and the start of a service that may not be able to."""
import os

from load import TASKS
from tap import until

READY_SECONDS = 60  # a backup that began while the service was down uses the home first
POLL_SECONDS = 0.5  # a worker may be started after a delay
FAILED = '"event":"recover","text":"recovery failed'  # in the log
FAILURES_MAX = 2


def read_words(words, **defaults):
    """name=value words; an empty value is the default."""
    values = dict(defaults)
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in defaults:
            raise SystemExit(f"unknown: {word}")
        values[name] = value or defaults[name]
    return values


def start_or_fail(service):
    """Starts it and waits for its first answer."""
    connection = start_service(service)
    if not connection:
        raise RuntimeError(f"no start: {service.log()[-3000:]}")
    connection.close()


def start_service(service):
    """Starts it; returns a connection on which a request was answered, or None."""
    # Of recoveries that were killed before this start.
    earlier = service.log().count(FAILED) if os.path.exists(service.log_path) else 0
    service.start()

    def connect():
        failed = service.log().count(FAILED) - earlier
        if failed >= FAILURES_MAX or not service.start_again():
            return "ended"
        try:
            connection = service.connect(seconds=POLL_SECONDS)
            if connection.request("GET", TASKS + "?limit=1").status == 200:
                return connection
            connection.close()
        except OSError:
            pass
        return None

    connection = until(connect, READY_SECONDS, 0.005)
    return connection if connection and connection != "ended" else None
