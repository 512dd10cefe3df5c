#include "worker/sandbox.h"

#include <stdbool.h>
#include <string.h>

static const char *const words[SANDBOX_WORDS] = {
	[SANDBOX_FAIL] = "sandbox-fail",
	[SANDBOX_RETRY] = "sandbox-retry",
	[SANDBOX_STALL] = "sandbox-stall",
	[SANDBOX_CANCEL] = "sandbox-cancel",
	[SANDBOX_CRASH] = "sandbox-crash",
};

const char *sandbox_text(enum sandbox_word word)
{
	return words[word];
}

/* The parser limits the depth (json_parse_exact), and so the recursion. */
static bool contains(json_t *json, const char *word)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(json))
		return strstr(json_string_value(json), word) != NULL;
	json_array_foreach (json, i, value) {
		if (contains(value, word))
			return true;
	}
	json_object_foreach (json, name, value) {
		if (contains(value, word))
			return true;
	}
	return false;
}

enum sandbox_word sandbox_find(const json_t *task)
{
	for (int word = SANDBOX_NONE + 1; word < SANDBOX_WORDS; word++) {
		if (contains(json_object_get(task, "id"), words[word]) ||
			contains(json_object_get(task, "fields"), words[word]))
			return (enum sandbox_word)word;
	}
	return SANDBOX_NONE;
}
