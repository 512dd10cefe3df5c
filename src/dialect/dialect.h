#pragma once
/*
 * A dialect: one wire protocol. Everything in it is constant and pure: no clock, files, logging,
 * store or mutable statics. Its page, src/dialect/<name>/README.md, is the specification: where the
 * code differs, the code is wrong. HACKING says how to add a dialect.
 */
#include "auth/auth_policy.h"
#include "auth/token_address.h"
#include "http/route.h"
#include "task/index.h"
#include "task/webhook.h"

struct dialect_status_row {
	enum task_state state;
	const char *status;
};

/*
 * The statuses of a dialect's tasks. The first row of a state is the status written for it; each
 * status leads to the state of its row. rows ends with { 0 }.
 */
struct dialect_statuses {
	const struct dialect_status_row *rows;
	enum task_state default_state; /* of unknown statuses; TASK_STATE_NONE: reject them */
};

/*
 * For a path that ends with a slash, whatever the method: 404, ignore the slash, or redirect to the
 * path without it, also if there are several. If the query has a credential, the slash is ignored
 * instead of redirecting.
 */
enum dialect_slash_policy { SLASH_NOT_FOUND = 0, SLASH_IGNORE, SLASH_REDIRECT };

/* Where a dialect's response to an error departs from base/err.h; 0 and NULL: it does not. */
struct error_override {
	int status;
	const char *text;
	const char *location; /* private to the dialect: the part of the request to blame */
};

/*
 * The field in which a dialect's clients see why a task failed. An error that the native API sets
 * is copied there, unless the same request sets the field.
 */
struct dialect_error_field {
	const char *name; /* NULL: the dialect's encoder shows the error itself */
	const char *none; /* JSON text of the field without an error; empty: no field */
	size_t max;	  /* bytes of JSON text; the native API cuts a longer one (worker_text.h) */
	bool replaces;	  /* also another text that the field has */
};

/*
 * The bodies of webhooks in the format that the vendor's own service sends. Pure. native's is that
 * of the Standard Webhooks specification.
 */
struct dialect_webhook {
	const char *name; /* of the format, in the native API */
	unsigned methods; /* bits 1 << enum webhook_method; the lowest is the default */
	bool is_signed;	  /* has the header fields of Standard Webhooks */
	bool own_tasks;	  /* only tasks of the dialect have such bodies */
	/* The types of events of a webhook that names none; bits as feed_filter.types. */
	unsigned default_types;
	/*
	 * Writes the body of an event, JSON text of at most WEBHOOK_BODY_MAX bytes. task: as it is
	 * now, NULL if it does not exist any more. Without memory, out has failed.
	 */
	void (*encode)(const struct journal_entry *entry, const struct task *task, struct buf *out);
	/* The body of a test (delivery.test) at a time in ms. */
	void (*encode_test)(int64_t at, struct buf *out);
};

struct dialect {
	const char *name;
	uint8_t code;		     /* in records and index keys: from 1, never reused */
	const char *const *prefixes; /* whole path segments, "/api/virtshell/v1"; ends with NULL */
	enum dialect_slash_policy trailing_slash;
	/* `//` in a path counts as one slash; otherwise such a path is 404, but see SLASH_REDIRECT. */
	bool merges_slashes;
	const struct auth_policy *auth;
	/*
	 * Where clients obtain and revoke tokens; ends with TOKEN_ADDRESS_END. NULL: nowhere. No
	 * address is below a prefix of another dialect, or is that of a route.
	 */
	const struct token_address *token_addresses;
	const struct route *routes;		 /* ends with ROUTE_END */
	const struct dialect_statuses *statuses; /* NULL: no tasks of its own (PROTOCOL_LIST) */
	const struct index_field *index_fields;	 /* begins with INDEX_COMMON_FIELDS(kind) */
	task_kind_function *kind;
	const char *media_type;
	const char *error_media_type; /* NULL: media_type */
	const char *patch_types;      /* of Accept-Patch in a response to OPTIONS; NULL: none */
	const char *post_types;	      /* the same of Accept-Post */
	enum err_code method_error;   /* ERR_METHOD, or ERR_NOT_IMPLEMENTED (501) */
	size_t body_max;	      /* bytes of a change's body, if more than body_limit */
	unsigned uuid_version;	      /* of new ids, where clients expect 4; 0: 7 */
	/* Requests may change the state of a task that has ended (struct op.leave_end). */
	bool leaves_end;
	bool rate_fields; /* responses have RateLimit and RateLimit-Policy (serve/rate.h) */
	struct dialect_error_field error_field;
	/*
	 * The field in which clients see the result that a worker reports, as a string, unless the
	 * report sets it; NULL: they do not see it. It is also error_field, which has its limit.
	 */
	const char *result_field;
	/*
	 * Name of the option (sys/conf.h) with the number of tasks that a tenant may create in a
	 * day (UTC); NULL: no limit.
	 */
	const char *quota_option;
	/* Name of the option whose value 1 completes tasks at their creation; NULL: none. */
	const char *complete_option;
	/* Indexed by enum err_code; NULL: none. ERR_UNAUTHENTICATED is answered by auth. */
	const struct error_override *error_overrides;
	/*
	 * Writes the body of an error response, and header fields that only this dialect sends.
	 * text is the sentence to send. response->status is set and may be changed. The request may
	 * be one that could not be parsed: then it has no segments, query or path variables.
	 */
	void (*encode_error)(const struct request *request, const struct err *err, const char *text,
		struct response *response);

	/*
	 * Hooks for tasks of this dialect that arrive by the native API. All are pure.
	 *
	 * native_defaults completes a CREATE whose op->change holds the client's fields: the id
	 * where clients of this dialect name it (op->new_id), op->assign_number, members that every
	 * task has, and the first state and status if the client gave neither. (If the client gave
	 * one of them, both are set and agree.)
	 *
	 * native_complete, or NULL, is called before validate. It makes members agree that say the
	 * same, also after a report of a worker. Texts in op->arena.
	 *
	 * validate is the dialect's part of dialect_check_task (check.h). It checks a task that is
	 * about to be created (before is NULL) or changed: required members, their types, and the
	 * transitions that the dialect knows. It rejects every task that the encoder could not
	 * write. err->field names the member at fault.
	 */
	bool (*native_defaults)(const struct request *request, struct op *op, struct err *err);
	bool (*native_complete)(
		const struct op *op, const struct task *before, struct task *task, struct err *err);
	bool (*validate)(const struct task *before, const struct task *task, struct err *err);
	/* struct op.follow of a native request, or NULL. */
	bool (*native_follow)(const struct op *op, const struct task *before,
		const struct task *after, struct op *next, struct err *err);
	/*
	 * Whether the id that clients derive from the task's fields is its own (check.h). NULL:
	 * they know its id or its number. Pure.
	 */
	bool (*check_address)(const struct task *task, struct err *err);

	/*
	 * Fills in the i-th sample task (admin/sample.h): its fields, and its id or number where
	 * clients of this dialect know one. The task has an id and a state, which may be changed;
	 * the caller sets the status. Pure; texts in arena. False without memory.
	 */
	bool (*sample)(struct task *task, uint64_t i, struct arena *arena);
	/* Responses of the vendor's own service, for import --from (document.h). NULL: none. */
	const struct dialect_document *document;
	const struct dialect_webhook *webhook; /* NULL: it has no format of webhooks */
};

/*
 * The list of dialects. A row X(name, code) adds src/dialect/<name>/ to the service; that folder
 * defines <name>_dialect and <name>_indexed. Codes are stored in records and index keys: 1 to 127,
 * never reused.
 */
#define DIALECT_LIST(X) \
	X(virtshell, 1) \
	X(vionlabs, 2)  \
	X(uplynk, 3)    \
	X(fourhse, 4)   \
	X(idol, 5)      \
	X(native, 6)    \
	DIALECT_TEST_LIST(X)

/*
 * Protocols for requests about tasks of all dialects, without tasks of their own: no record, index,
 * policy or retention names them, but credentials can be restricted to them. A row X(name, code) is
 * like one of DIALECT_LIST, with codes of the same range; its <name>_dialect has neither statuses
 * nor the members that are about tasks, and there is no <name>_indexed.
 */
#define PROTOCOL_LIST(X) X(external, 7)

/* A made-up dialect of test programs (tests/dialect/toybox/). Codes 120 to 127 are for tests. */
#ifdef DIALECT_WITH_TEST_LIST
#define DIALECT_TEST_LIST(X) X(toybox, 120)
#else
#define DIALECT_TEST_LIST(X)
#endif

/*
 * Records of a dialect that are not tasks: stored like tasks, but in no list of tasks. Codes from
 * INDEX_RESOURCE_DIALECTS on. <name>_indexed does not have INDEX_COMMON_FIELDS; <name>_validate is
 * like struct dialect's.
 */
#define RESOURCE_LIST(X) X(uplynk_point, 129)

#define X(name, code)                               \
	extern const struct dialect name##_dialect; \
	extern const struct index_field name##_indexed[];
DIALECT_LIST(X)
#undef X
#define X(name, code) extern const struct dialect name##_dialect;
PROTOCOL_LIST(X)
#undef X
#define X(name, code)                                     \
	extern const struct index_field name##_indexed[]; \
	bool name##_validate(const struct task *before, const struct task *record, struct err *err);
RESOURCE_LIST(X)
#undef X

enum dialect_code {
#define X(name, code) DIALECT_CODE_##name = (code),
	DIALECT_LIST(X) PROTOCOL_LIST(X) RESOURCE_LIST(X)
#undef X
};

/*
 * All dialects, those with tasks first; ends with NULL. Errors of a path of no dialect have the
 * format of the first.
 */
extern const struct dialect *const dialects[];

/* Whether tasks of the dialect exist; if not, it is one of PROTOCOL_LIST. */
static inline bool dialect_has_tasks(const struct dialect *dialect)
{
	return dialect->statuses != NULL;
}

/*
 * Finds the dialect with the longest prefix of the request's path, compared by whole segments; NULL
 * if none matches. *skip is the number of segments of that prefix.
 */
const struct dialect *dialect_by_path(const struct request *request, size_t *skip);
/* The dialect of tasks that has this name; NULL: none. */
const struct dialect *dialect_by_name(struct str name);
/* The same for requests and credentials: also those of PROTOCOL_LIST. */
const struct dialect *protocol_by_name(struct str name);
/* Finds the token address with this path, and its dialect; NULL if no dialect has one. */
const struct token_address *dialect_token_address(struct str path, const struct dialect **dialect);
/* The dialect of tasks that has this code; NULL: none. */
const struct dialect *dialect_by_code(uint8_t code);
/* The names of the dialects that have tasks, in the order of `dialects`; ends with NULL. */
const char *const *dialect_names(void);
/* The name of a dialect of tasks or of a resource; NULL for an unknown code. */
const char *dialect_code_name(uint8_t code);
/* The code of a dialect of tasks or of a resource; 0 for an unknown name. */
uint8_t dialect_code_by_name(struct str name);
/* The index tables of all dialects and resources, for store_open(). */
const struct index_table *dialect_index_tables(void);

/* The status written for a state; never NULL for a complete table. */
const char *dialect_status(const struct dialect_statuses *statuses, enum task_state state);
/* The state of a status; default_state if the table does not have it. */
enum task_state dialect_state(const struct dialect_statuses *statuses, struct str status);

/*
 * Writes the dialect's response to an error: status, media type and header fields, but not
 * Retry-After. Replaces the body; without memory it is empty.
 */
void dialect_encode_error(const struct dialect *dialect, const struct request *request,
	const struct err *err, struct response *response);
/* The same for a refused credential; reason is one of AUTH_... */
void dialect_encode_refusal(const struct dialect *dialect, const struct request *request,
	const char *reason, struct response *response);
