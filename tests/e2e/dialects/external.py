"""External tasks: workers of Camunda 7, with Basic authentication. The protocol has no tasks of its own."""
import base64

from dialects.credentials import BEARER, Scheme, header_values
from dialects.dialect import Dialect

PREFIX = "/engine-rest"
_ONE = "/external-task/{id}"
_TOPIC = {"topicName": "native", "lockDuration": 3600000}
_TYPES = {
    400: "InvalidRequestException",
    401: "AuthenticationException",
    403: "AuthorizationException",
    404: "NotFoundException",
    405: "NotAllowedException",
    503: "ProcessEngineException",
}


def basic(user, password):
    """The value of Authorization (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _put(client, credentials, request, offset=0):
    value = basic(credentials.user, credentials.token)
    client.secrets.append(value.split()[1])
    return request._replace(headers=request.headers + [("Authorization", value)])


def create(client):
    client.post_route("/v1/tasks")
    # Of the ready tasks, among which is the new one.
    return {"id": client.post_route(PREFIX + "/external-task/fetchAndLock")[0]["id"]}


DIALECT = Dialect(
    prefix=PREFIX,
    has_tasks=False,
    list_path=PREFIX + "/external-task",
    read_path=PREFIX + "/external-task/{id}",
    reads_by_post=("/external-task", "/external-task/count"),
    works=(
        "/external-task/fetchAndLock",
        *(_ONE + "/" + verb for verb in ("complete", "failure", "bpmnError", "extendLock", "unlock", "lock")),
    ),
    body={"workerId": "w"},
    bodies={
        "/external-task/fetchAndLock": {"workerId": "w", "maxTasks": 1, "topics": [_TOPIC]},
        "/external-task": {"topicName": "native"},
        "/external-task/count": {"topicName": "native"},
        _ONE + "/extendLock": {"workerId": "w", "newDuration": 60000},
        _ONE + "/lock": {"workerId": "w", "lockDuration": 60000},
        _ONE + "/retries": {"retries": 2},
        _ONE + "/priority": {"priority": 1},
    },
    body_type="application/json",
    create=create,
    schemes=(
        BEARER,
        Scheme(
            "Basic",
            "token",
            _put,
            header_values(
                "Authorization",
                "Basic",
                "Basic x",
                "Basic dGVzdGVy",
                "Basic dGVzdGVyOg==",
                "Basic " + "A" * 4000,
                "basic dGVzdGVyOnB0X3g",
            ),
        ),
    ),
    challenge='Basic realm="polytask"',
    credential_sentences={
        "absent": "No valid credential was sent.",
        "wrong": "The credential is not valid.",
        "expired": "The credential has expired.",
        "revoked": "The credential was revoked.",
        "user revoked": "The credential was revoked.",
    },
    shape=lambda status, phrase, sentence: {
        "type": _TYPES.get(status, "RestException"),
        "message": sentence,
        "code": 0 if status in (403, 500, 503) else None,
    },
)
