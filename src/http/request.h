#pragma once
/*
 * A request as a value: the web server's FastCGI parameters, split and decoded once, with limits.
 * Its texts are in `arena`, which the caller resets after the response.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "base/tz.h"
#include "task/retention.h"
#include "task/trace.h"

#define REQUEST_CGI_PARAMS_MAX 128
#define REQUEST_URI_MAX	       8192
#define REQUEST_SEGMENTS_MAX   16
#define REQUEST_QUERY_MAX      64
#define REQUEST_PATH_VARS_MAX  4

enum method {
	METHOD_NONE = 0,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER, /* unknown */
	METHODS
};

struct pair {
	struct str name, value;
};

/* The authenticated client, as the authorizer determined it. */
struct principal {
	struct str user; /* name */
	struct str tenant;
	struct str dialect; /* that the credential was verified for; "*": any */
	unsigned rights;
};

/* Rate limit of the principal after this request, for header fields of the response. */
struct rate_status {
	uint64_t limit; /* requests at once; 0: no limit */
	uint64_t remaining;
	unsigned reset; /* seconds until remaining is limit again */
};

struct request {
	struct arena *arena;
	/* FastCGI parameters: REQUEST_METHOD, HTTP_ACCEPT, ... */
	struct pair cgi_params[REQUEST_CGI_PARAMS_MAX];
	size_t cgi_param_count;

	enum method method;
	struct str uri;				   /* raw, with the query */
	struct str path;			   /* raw, without the query */
	struct str segments[REQUEST_SEGMENTS_MAX]; /* decoded after splitting: may contain '/' */
	size_t segment_count;
	bool trailing_slash;
	bool empty_segments; /* the path contains `//`; segments has no empty one */
	struct pair query[REQUEST_QUERY_MAX]; /* decoded, in order, with duplicates */
	size_t query_count;
	struct str body;

	struct principal principal;
	/* Set by route_find: the name in the pattern, and the segment. */
	struct pair path_vars[REQUEST_PATH_VARS_MAX];
	size_t path_var_count;
	int64_t now; /* ms since 1970, when it was read */

	/* Set by the application. */
	struct str base_url;		   /* of links: "https://tasks.example.com", or empty */
	const struct tz *tz;		   /* of dialects that write local time */
	const struct retention *retention; /* NULL: no task is removed by its age */
	bool completes_tasks;		   /* tasks are complete when they are created */
	size_t body_limit; /* bytes; a dialect may read more (dialect.h, body_max) */
	struct rate_status rate_status;
	struct trace trace;

	unsigned selected_fields; /* from a decoder to its encoder: a bit per requested member */
	void *encoder_state;	  /* the same: the dialect's own, in arena; NULL: none */
};

/* Adds a FastCGI parameter, borrowed; ERR_TOO_LARGE beyond REQUEST_CGI_PARAMS_MAX. */
bool request_add_cgi_param(
	struct request *request, struct str name, struct str value, struct err *err);
/*
 * Parses REQUEST_METHOD and REQUEST_URI. ERR_MALFORMED if the URI is not an absolute path, contains
 * '#', a space, a control byte, an invalid or NUL escape or, decoded, is not UTF-8; or if its path
 * contains a dot segment (also between %2F), an encoded dot or a backslash in any form. The web
 * server selects its rules by the path without empty segments, as it is in `segments`.
 * ERR_URI_TOO_LONG beyond the limits. The method is set even on failure: a response to HEAD has no
 * body.
 */
bool request_parse(struct request *request, struct err *err);
/*
 * Reads the principal from REMOTE_USER, POLYTASK_TENANT, POLYTASK_RIGHTS and POLYTASK_DIALECT,
 * which only the web server sets. ERR_UNAUTHENTICATED if one is missing, empty or duplicated.
 * Rights may be "none": an authenticated principal without any right.
 */
bool request_parse_principal(struct request *request, struct err *err);

/*
 * Whether request_parse accepts the percent-encoded text as a path segment. An object with another
 * name could not be requested.
 */
bool request_is_valid_segment(struct str text);
/* The first FastCGI parameter of this name, or STR_NULL. */
struct str request_cgi_param(const struct request *request, const char *name);
/* The number of FastCGI parameters of this name. */
size_t request_count_cgi_param(const struct request *request, const char *name);
/* The path variable of this name, or STR_NULL. */
struct str request_path_var(const struct request *request, const char *name);
/* The first query parameter of this decoded name, or STR_NULL. */
struct str request_query_param(const struct request *request, const char *name);
/* METHOD_OTHER if unknown; methods are case-sensitive (RFC 9110 §9.1). */
enum method method_parse(struct str word);
const char *method_name(enum method method);
/*
 * The trace context of the header (task/trace.h). A field that was sent several times does not
 * count.
 */
struct trace request_trace(const struct request *request);
/* Media type of the body without parameters; empty if there is none. */
struct str request_media_type(const struct request *request);
/*
 * Whether Accept allows a media type (RFC 9110 §12.5.1): it is absent, or the most specific range
 * that matches has a weight above 0.
 */
bool request_accepts(const struct request *request, const char *type, const char *subtype);
/*
 * The weight that Accept gives to a media type, in thousandths: 1000 without the field, 0 if it is
 * not acceptable. *named: a range is the type itself, without wildcards.
 */
unsigned request_accept_weight(
	const struct request *request, const char *type, const char *subtype, bool *named);
/* ERR_NOT_ACCEPTABLE unless Accept allows application/json. */
bool request_check_accepts_json(const struct request *request, struct err *err);
