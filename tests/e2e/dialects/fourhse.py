"""4HSE v2: a token as a bearer, in the query or in a form."""
from dialects.credentials import BEARER, Scheme, form, query, query_texts
from dialects.dialect import Dialect

PREFIX = "/v2/task"


def create(client):
    return {"id": client.post_route(PREFIX + "/create")["task_id"]}


DIALECT = Dialect(
    prefix=PREFIX,
    list_path=PREFIX + "/index",
    read_path=PREFIX + "/view/{id}",
    reads_by_post=(PREFIX + "/index",),
    body={"handler": "ExportHandler"},
    bodies={PREFIX + "/index": {"per-page": 5}},
    body_type="application/json",
    create=create,
    kinds=(
        ("ImportHandler", {"handler": "ImportHandler"}),
        ("a \u201cquoted\u201d one", {"handler": "a \u201cquoted\u201d one"}),
        ('a "quoted" one', {"handler": 'a "quoted" one'}),
        ("h" * 64, {"handler": "h" * 64}),
        ("h" * 64, {"handler": "h" * 65}),
        ("h" * 60, {"handler": "h" * 60}),
        (None, {"handler": "two\nlines"}),
    ),
    schemes=(
        BEARER,
        Scheme(
            "access-token",
            "token",
            query("access_token"),
            query_texts(
                "access-token=", "access-token", "access-token=%zz", "access-token=a&access-token=b"
            ),
        ),
        Scheme("access-token in a form", "token", form, [], needs_body=True),
    ),
    challenge='Bearer realm="api"',
    credential_sentences={"wrong": "Your request was made with invalid credentials."},
    forbidden="You are not allowed to perform this action.",
    shape=lambda status, phrase, sentence: {
        "name": phrase,
        "message": sentence,
        "code": 0,
        "status": status,
    },
    media_type="application/json; charset=UTF-8",
    # The framework behind the API has its own.
    phrases={413: "Request Entity Too Large", 414: "Request-URI Too Long"},
    sentences={429: "Rate limit exceeded."},
)
