/* Parses a JSON body. An accepted body must be written as text that parses to an equal value. */
#include <stdlib.h>

#include "fuzz_input.h"
#include "http/json.h"

static void check_text(const json_t *json, struct arena *arena)
{
	struct str text = json_text(json, arena), second;
	json_t *again;
	struct err err;

	if (!text.ptr || !json_parse_strict(&again, text, &err) || !json_equal(json, again))
		abort();
	second = json_text(again, arena);
	if (!str_eq(text, second))
		abort();
	json_decref(again);
}

static void check_quotes(struct str bytes, struct arena *arena)
{
	struct str quoted = json_quote(bytes, arena);
	struct str plain = quoted.ptr ? json_unquote(quoted, arena) : STR_NULL;

	if (!plain.ptr || (str_is_utf8(bytes) && !str_eq(plain, bytes)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = { (const char *)data, size };
	struct arena arena = { 0 };
	json_t *json = NULL;
	struct err err = { 0 };

	if (json_parse_strict(&json, body, &err)) {
		check_text(json, &arena);
		json_decref(json);
	} else if (err.code != ERR_MALFORMED || !err.text[0] || json) {
		abort();
	}
	check_quotes(body, &arena);
	arena_free(&arena);
	return 0;
}
