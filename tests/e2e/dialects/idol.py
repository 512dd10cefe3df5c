"""IDOL import-tasks: JSON:API, with bearer tokens of an operator or of a login."""
from dialects.credentials import BEARER, Scheme, header
from dialects.dialect import Dialect

PREFIX = "/api/v2"


def create(client):
    return {"id": client.post_route(PREFIX + "/import-tasks")["data"]["id"]}


def _shape(status, phrase, sentence):
    error = {"title": phrase, "detail": sentence, "code": str(status), "status": str(status)}
    if status >= 500:
        return {"message": sentence, "errors": [error]}
    return {"errors": [error]}


DIALECT = Dialect(
    prefix=PREFIX,
    list_path=PREFIX + "/import-tasks",
    read_path=PREFIX + "/import-tasks/{number}",
    body={
        "data": {
            "type": "import-tasks",
            "attributes": {"master-type": "hd"},
            "relationships": {"attachable": {"data": {"type": "tracks", "id": "12"}}},
        }
    },
    body_type="application/vnd.api+json",
    create=create,
    kinds=(
        ("tracks/hd", {"attachable": {"type": "Track", "id": 1}, "master-type": "hd"}),
        ("videos/cd", {"attachable": {"type": "videos", "id": "2"}, "master-type": "cd"}),
    ),
    schemes=(
        BEARER,
        Scheme(
            "bearer of a login",
            "login",
            header("Authorization", "Bearer ", "login"),
            BEARER.malformed,
        ),
    ),
    challenge='Bearer realm="Doorkeeper", error="invalid_token", error_description="%s"',
    scope_challenge='Bearer realm="Doorkeeper", error="insufficient_scope", scope="%s"',
    credential_sentences={
        "wrong": "The access token is invalid",
        "expired": "The access token expired",
        "revoked": "The access token was revoked",
        "user revoked": "The access token was revoked",
    },
    shape=_shape,
    media_type="application/vnd.api+json",
)
