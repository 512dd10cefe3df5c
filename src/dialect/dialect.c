#include "dialect/dialect.h"

#include "http/content_coding.h"

const struct dialect *const dialects[] = {
#define X(name, code) &name##_dialect,
	DIALECT_LIST(X) PROTOCOL_LIST(X)
#undef X
		NULL,
};

static const struct index_table index_tables[] = {
#define X(name, code) { .dialect = (code), .fields = name##_indexed },
	DIALECT_LIST(X) RESOURCE_LIST(X)
#undef X
		{ .fields = NULL },
};

static const struct {
	uint8_t code;
	const char *name;
} code_names[] = {
#define X(name, code) { (code), #name },
	DIALECT_LIST(X) RESOURCE_LIST(X)
#undef X
};

const struct index_table *dialect_index_tables(void)
{
	return index_tables;
}

/* The number of segments of the prefix if the request's path begins with it, else 0. */
static size_t prefix_segments(const struct request *request, const char *prefix)
{
	size_t count = 0;

	while (*prefix == '/') {
		size_t len = strcspn(++prefix, "/");

		if (count == request->segment_count ||
			!str_eq(request->segments[count], (struct str){ prefix, len }))
			return 0;
		prefix += len;
		count++;
	}
	return count;
}

const struct dialect *dialect_by_path(const struct request *request, size_t *skip)
{
	const struct dialect *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; dialects[i]; i++) {
		for (const char *const *prefix = dialects[i]->prefixes; *prefix; prefix++) {
			size_t count = prefix_segments(request, *prefix);

			if (count > longest) {
				longest = count;
				found = dialects[i];
			}
		}
	}
	if (found)
		*skip = longest;
	return found;
}

const struct dialect *protocol_by_name(struct str name)
{
	for (size_t i = 0; dialects[i]; i++) {
		if (str_eq(name, str_cstr(dialects[i]->name)))
			return dialects[i];
	}
	return NULL;
}

const struct dialect *dialect_by_name(struct str name)
{
	const struct dialect *found = protocol_by_name(name);

	return found && dialect_has_tasks(found) ? found : NULL;
}

const struct token_address *dialect_token_address(struct str path, const struct dialect **dialect)
{
	for (size_t i = 0; dialects[i]; i++) {
		const struct token_address *row = dialects[i]->token_addresses;

		for (; row && row->path; row++) {
			if (str_eq(path, str_cstr(row->path))) {
				*dialect = dialects[i];
				return row;
			}
		}
	}
	return NULL;
}

const struct dialect *dialect_by_code(uint8_t code)
{
	for (size_t i = 0; dialects[i]; i++) {
		if (dialects[i]->code == code && dialect_has_tasks(dialects[i]))
			return dialects[i];
	}
	return NULL;
}

const char *const *dialect_names(void)
{
	static const char *const names[] = {
#define X(name, code) #name,
		DIALECT_LIST(X)
#undef X
			NULL,
	};

	return names;
}

const char *dialect_code_name(uint8_t code)
{
	for (size_t i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++) {
		if (code_names[i].code == code)
			return code_names[i].name;
	}
	return NULL;
}

uint8_t dialect_code_by_name(struct str name)
{
	for (size_t i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++) {
		if (str_eq(name, str_cstr(code_names[i].name)))
			return code_names[i].code;
	}
	return 0;
}

const char *dialect_status(const struct dialect_statuses *statuses, enum task_state state)
{
	for (const struct dialect_status_row *row = statuses->rows; row->status; row++) {
		if (row->state == state)
			return row->status;
	}
	return NULL;
}

enum task_state dialect_state(const struct dialect_statuses *statuses, struct str status)
{
	for (const struct dialect_status_row *row = statuses->rows; row->status; row++) {
		if (str_eq(status, str_cstr(row->status)))
			return row->state;
	}
	return statuses->default_state;
}

static void encode_error(const struct dialect *dialect, const struct request *request,
	const struct err *err, const char *text, struct response *response)
{
	buf_reset(&response->body);
	dialect->encode_error(request, err, text ? text : err_text(err), response);
	response->media_type = dialect->error_media_type ? dialect->error_media_type
							 : dialect->media_type;
	if (!buf_ok(&response->body))
		buf_reset(&response->body);
	if (response->body.len == 0)
		response->media_type = NULL;
}

void dialect_encode_refusal(const struct dialect *dialect, const struct request *request,
	const char *reason, struct response *response)
{
	const struct auth_refusal *refusal = auth_find_refusal(dialect->auth, reason);
	struct err err;

	err_set(&err, ERR_UNAUTHENTICATED, NULL, NULL);
	response->status = dialect->auth->refusal_status;
	if (refusal->challenge)
		response_add_header(response, "WWW-Authenticate", str_cstr(refusal->challenge));
	encode_error(dialect, request, &err, refusal->text, response);
}

void dialect_encode_error(const struct dialect *dialect, const struct request *request,
	const struct err *err, struct response *response)
{
	static const struct error_override none;
	const struct error_override *own = dialect->error_overrides
						   ? &dialect->error_overrides[err->code]
						   : &none;

	if (err->code == ERR_UNAUTHENTICATED) {
		dialect_encode_refusal(dialect, request, AUTH_MISSING, response);
		return;
	}
	response->status = own->status ? own->status : err_status(err->code);
	if (err->code == ERR_CODING)
		response_add_header(response, "Accept-Encoding", STR(CONTENT_CODINGS));
	encode_error(dialect, request, err, own->text, response);
}
