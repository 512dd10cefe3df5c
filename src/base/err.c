#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name;
	int status;
	const char *text;
} errors[ERR_CODES] = { [ERR_NONE] = { "none", 200, "" },
#define X(code, name, status, text) [code] = { name, status, text },
	ERR_LIST(X)
#undef X
};

bool err_set(struct err *err, enum err_code code, const char *field, const char *format, ...)
{
	err->code = code;
	err->detail = STR_NULL;
	err->retry_after = 0;
	err->task = (struct id){ 0 };
	snprintf(err->field, sizeof(err->field), "%s", field ? field : "");
	if (format) {
		va_list args;

		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	} else {
		snprintf(err->text, sizeof(err->text), "%s", errors[code].text);
	}
	return false;
}

bool err_no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, NULL, NULL);
}

const char *err_name(enum err_code code)
{
	return code < ERR_CODES ? errors[code].name : "unknown";
}

int err_status(enum err_code code)
{
	return code < ERR_CODES ? errors[code].status : 500;
}

const char *err_text(const struct err *err)
{
	return err->text[0] ? err->text : errors[err->code].text;
}
