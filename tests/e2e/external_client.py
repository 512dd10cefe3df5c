"""Requests of workers of Camunda 7, shared by their tests."""
from dialects.external import PREFIX, basic

TASKS = PREFIX + "/external-task"
JSON = ("Content-Type", "application/json")


class Worker:
    """One worker, which sends a user's name and a token."""

    def __init__(self, instance, name="w1"):
        self.instance, self.name = instance, name

    def headers(self):
        value = basic("tester", self.instance.token)
        self.instance.secrets.append(value.split()[1])
        return [("Authorization", value), JSON]

    def ask(self, method, path, body=None, **named):
        return self.instance.request(method, TASKS + path, body, self.headers(), **named)

    def fetch(self, *topics, lock=60000, **members):
        """The answer to a fetch of at most one task."""
        asked = [{"topicName": name, "lockDuration": lock} for name in topics]
        body = {"workerId": self.name, "maxTasks": 1, "topics": asked, **members}
        timeout = members.get("asyncResponseTimeout", 0) / 1000 + 10
        return self.ask("POST", "/fetchAndLock", body, timeout=timeout)

    def take(self, *topics, **members):
        """One locked task."""
        answer = self.fetch(*topics, **members)
        if answer.status != 200 or len(answer.json()) != 1:
            raise RuntimeError(f"fetch: {answer}")
        return answer.json()[0]

    def act(self, task, action, **members):
        """The answer to an action on a task, or on an id."""
        name = task["id"] if isinstance(task, dict) else task
        return self.ask("POST", f"/{name}/{action}", {"workerId": self.name, **members})

    def read(self, task):
        name = task["id"] if isinstance(task, dict) else task
        return self.ask("GET", f"/{name}")
