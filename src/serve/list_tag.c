#include "serve/list_tag.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "serve/precondition.h"
#include "store/lists.h"

#define DIALECTS_MAX 256 /* there are 255 codes */

static size_t all_codes(uint8_t codes[DIALECTS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; dialects[i]; i++) {
		if (dialect_has_tasks(dialects[i]))
			codes[count++] = dialects[i]->code;
	}
	return count;
}

/* The sum of the counters of all records that the list can show. */
static uint64_t count_changes(const struct app *app, const struct op *op, bool *comparable)
{
	uint8_t codes[DIALECTS_MAX] = { op->dialect };
	const uint8_t *shown = codes;
	size_t count = 1;

	if (op->dialect == 0 && op->list.dialect_count > 0) {
		shown = op->list.dialects;
		count = op->list.dialect_count;
	} else if (op->dialect == 0) {
		count = all_codes(codes);
	}
	return store_list_changes(app->store, op->tenant, shown, count, comparable);
}

static void add_text(crypto_generichash_state *state, struct str text)
{
	uint64_t len = text.len;

	crypto_generichash_update(state, (const uint8_t *)&len, sizeof(len));
	crypto_generichash_update(state, (const uint8_t *)text.ptr, text.len);
}

/* Another credential, or another signature of the same request, does not change the list. */
static bool is_credential(const struct dialect *dialect, struct str name)
{
	const struct credential_source *sources = dialect->auth->sources;

	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		if (sources[i].kind == SOURCE_QUERY && str_eq(name, str_cstr(sources[i].name)))
			return true;
		if (sources[i].kind == SOURCE_UPLYNK_QUERY &&
			(str_eq(name, STR("msg")) || str_eq(name, STR("sig"))))
			return true;
	}
	return false;
}

/*
 * All that the body of the list depends on besides its records: the request, as decoders and
 * encoders see it, and the configuration. The rows are those of the tenant, whoever asks. A
 * restart has another epoch, so that a newer build may encode otherwise.
 */
static void hash_request(const struct app *app, const struct exchange *exchange,
	uint8_t digest[crypto_generichash_BYTES_MIN])
{
	const struct request *request = &exchange->request;
	const uint64_t key[2] = { store_list_epoch(app->store), app->options.body_hash };
	crypto_generichash_state state;

	_Static_assert(sizeof(key) >= crypto_generichash_KEYBYTES_MIN, "the key is long enough");
	crypto_generichash_init(
		&state, (const uint8_t *)key, sizeof(key), crypto_generichash_BYTES_MIN);
	add_text(&state, str_cstr(exchange->dialect->name));
	add_text(&state, request->principal.tenant);
	add_text(&state, request->base_url);
	add_text(&state, request->path);
	add_text(&state, request_cgi_param(request, "HTTP_ACCEPT"));
	for (size_t i = 0; i < request->query_count; i++) {
		if (is_credential(exchange->dialect, request->query[i].name))
			continue;
		add_text(&state, request->query[i].name);
		add_text(&state, request->query[i].value);
	}
	crypto_generichash_final(&state, digest, crypto_generichash_BYTES_MIN);
}

uint64_t list_tag_hash_options(const struct app_options *options, const char *timezone)
{
	crypto_generichash_state state;
	uint64_t hash[crypto_generichash_BYTES_MIN / sizeof(uint64_t)];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	add_text(&state, str_cstr(timezone));
	crypto_generichash_update(&state, (const uint8_t *)&options->retention.keep_ms,
		sizeof(options->retention.keep_ms));
	crypto_generichash_final(&state, (uint8_t *)hash, sizeof(hash));
	return hash[0];
}

static bool has_tag(const struct exchange *exchange, const struct op *op)
{
	enum method method = exchange->request.method;

	return op->kind == OP_LIST && !op->list.by_time && exchange->request.body.len == 0 &&
	       (method == METHOD_GET || method == METHOD_HEAD);
}

bool list_tag_answer(const struct app *app, struct exchange *exchange, const struct op *op)
{
	uint8_t digest[crypto_generichash_BYTES_MIN];
	char hex[2 * sizeof(digest) + 1];
	bool comparable;
	uint64_t changes;

	if (!has_tag(exchange, op))
		return false;
	changes = count_changes(app, op, &comparable);
	hash_request(app, exchange, digest);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	snprintf(exchange->list_tag, sizeof(exchange->list_tag), "%s-%" PRIx64, hex, changes);
	if (!comparable ||
		!precondition_has_list_tag(&exchange->request, str_cstr(exchange->list_tag)))
		return false;
	exchange->response.status = 304;
	list_tag_add(exchange);
	return true;
}

void list_tag_add(struct exchange *exchange)
{
	char tag[sizeof(exchange->list_tag) + sizeof("W/\"\"")];

	if (!exchange->list_tag[0])
		return;
	snprintf(tag, sizeof(tag), "W/\"%s\"", exchange->list_tag);
	response_add_header(&exchange->response, "ETag", str_cstr(tag));
}
