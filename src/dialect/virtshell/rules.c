/* Hooks for tasks that arrive by the native API. */
#include "dialect/decode.h"
#include "dialect/virtshell/virtshell.h"

/* The encoder copies these members unchecked, so they must be of the specified type. */
bool virtshell_validate(const struct task *before, const struct task *task, struct err *err)
{
	static const char *const texts[] = { "description", "type", "object_uuid", "log" };

	(void)before;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str json = task_field(task, str_cstr(texts[i]));

		if (json.ptr && json.ptr[0] != '"')
			return decode_not_a_string(err, ERR_UNPROCESSABLE, texts[i]);
	}
	return true;
}
