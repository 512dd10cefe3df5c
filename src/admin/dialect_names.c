#include "admin/dialect_names.h"

#include "base/buf.h"

bool dialect_name_fail(const char *option, struct str name,
	bool (*takes)(const struct dialect *dialect), struct err *err)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; dialects[i]; i++) {
		if (!takes || (dialect_has_tasks(dialects[i]) && takes(dialects[i])))
			buf_printf(&names, "%s%s", names.len ? ", " : "", dialects[i]->name);
	}
	err_set(err, ERR_INVALID, option, "unknown dialect '%.*s': --%s takes %.*s",
		(int)(name.len < 60 ? name.len : 60), name.ptr, option, STR_ARGS(buf_str(&names)));
	buf_free(&names);
	return false;
}
