#pragma once
/*
 * A request as a value: what the web server handed over, split and decoded once, with limits. It
 * owns nothing itself: the texts live in `arena`, which its maker resets after the answer.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "base/tz.h"

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
	METHOD_OTHER, /* a word we do not know */
	METHODS
};

struct pair {
	struct str name, value;
};

/* Who asks, as the authorizer judged it. */
struct principal {
	struct str user; /* the user's id */
	struct str tenant;
	struct str dialect; /* the dialect the credential was judged for; "*" for any */
	unsigned rights;
};

/* How often a principal may ask: at once, how often still, and the seconds until it may do so
 * again. */
struct rate_status {
	uint64_t limit; /* 0: there is no limit */
	uint64_t remaining;
	unsigned reset;
};

struct request {
	struct arena *arena;
	/* the FastCGI parameters as they came: REQUEST_METHOD, HTTP_ACCEPT, ... */
	struct pair cgi_params[REQUEST_CGI_PARAMS_MAX];
	size_t cgi_param_count;

	enum method method;
	struct str uri;				   /* raw, with the query */
	struct str path;			   /* raw, without the query */
	struct str segments[REQUEST_SEGMENTS_MAX]; /* decoded one by one: an id may hold '/' */
	size_t segment_count;
	bool trailing_slash;		      /* the path ends with one */
	struct pair query[REQUEST_QUERY_MAX]; /* decoded, in order, repeats kept */
	size_t query_count;
	struct str body;

	struct principal principal;
	struct pair path_vars[REQUEST_PATH_VARS_MAX]; /* {id} -> the segment, by route_find */
	size_t path_var_count;
	int64_t now; /* ms, set by whoever read it */

	/* What links are made of, set by app: "https://tasks.example.com", or empty; and the zone
	 * that times are told in where a dialect tells local time. */
	struct str base_url;
	const struct tz *tz;
	struct rate_status rate_status; /* after this request */
	/* From a decoder to its encoder: a bit for each member that the client wants to see. */
	unsigned selected_fields;
};

/* Adds a FastCGI parameter; ERR_TOO_LARGE past REQUEST_CGI_PARAMS_MAX. Texts are borrowed. */
bool request_add_cgi_param(
	struct request *request, struct str name, struct str value, struct err *err);
/*
 * Reads method, address and query from the parameters: REQUEST_METHOD and REQUEST_URI. Refuses
 * (ERR_MALFORMED) an address that is not absolute-path form, whose path holds `//`, a dot segment
 * also between %2F, an encoded dot or a backslash in any form, that holds '#', a space or a control
 * byte, a bad or NUL escape, or is not UTF-8 once decoded; and what exceeds the limits
 * (ERR_URI_TOO_LONG). The method is set even when the address is refused: an answer to HEAD has no
 * body.
 */
bool request_parse(struct request *request, struct err *err);
/*
 * Takes the principal from REMOTE_USER, POLYTASK_TENANT, POLYTASK_RIGHTS, POLYTASK_DIALECT, which
 * only the web server sets. ERR_UNAUTHENTICATED when one is absent or empty, or stands twice.
 * Rights may be "none": a known principal who may do nothing here.
 */
bool request_parse_principal(struct request *request, struct err *err);

/*
 * Whether a text can be a segment of an address that request_parse takes, once it is
 * percent-encoded: what is named otherwise could not be asked for.
 */
bool request_is_valid_segment(struct str text);
/* The first parameter of that name, or STR_NULL. */
struct str request_cgi_param(const struct request *request, const char *name);
/* How many parameters have that name. */
size_t request_count_cgi_param(const struct request *request, const char *name);
/* A path variable by the name in its pattern, or STR_NULL. */
struct str request_path_var(const struct request *request, const char *name);
/* The first query parameter of that decoded name, or STR_NULL. */
struct str request_query_param(const struct request *request, const char *name);
/* METHOD_OTHER for an unknown word; methods are case-sensitive (RFC 9110 §9.1). */
enum method method_parse(struct str word);
const char *method_name(enum method method);
/* The media type of the body, without its parameters; empty when it has none. */
struct str request_media_type(const struct request *request);
/*
 * Whether Accept lets a media type through (RFC 9110 §12.5.1): absent, the type itself, type/star
 * or star/star with a q above 0; the most specific range decides.
 */
bool request_accepts(const struct request *request, const char *type, const char *subtype);
/* The same for application/json, or ERR_NOT_ACCEPTABLE. */
bool request_check_accepts_json(const struct request *request, struct err *err);
