"""Requests of workers to the native API, shared by their tests."""
from datetime import datetime


class Worker:
    """One worker of an instance: claims tasks and reports on them."""

    def __init__(self, instance, name="w1", token=None):
        self.instance, self.name, self.token = instance, name, token

    def ask(self, method, path, body=None, headers=(), **named):
        return self.instance.native(method, path, body, headers, token=self.token, **named)

    def claim(self, **members):
        """The answer to a claim; the worker has 30 s to confirm it, as the machine may be busy."""
        return self.ask("POST", "/claims", {"worker": self.name, "confirm_seconds": 30, **members})

    def take(self, **members):
        """One claimed task."""
        answer = self.claim(**members)
        if answer.status != 200:
            raise RuntimeError(f"claim: {answer}")
        return answer.json()["claims"][0]

    def report(self, kind, claim, *headers, **members):
        """The answer to a report on a claimed task."""
        path = f"/tasks/{claim['task']['id']}/{kind}"
        return self.ask("POST", path, {"token": claim["token"], **members}, headers)

    def read(self, task):
        """The task by its id, or that of a claim."""
        name = task["task"]["id"] if isinstance(task, dict) else task
        return self.ask("GET", f"/tasks/{name}").json()


def create(instance, **members):
    """The id of a new native task."""
    answer = instance.native("POST", "/tasks", members)
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()["id"]


def seconds(time):
    """A time of the API in seconds since 1970."""
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
