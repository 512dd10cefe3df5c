#include "worker/outcome.h"

#include <stdarg.h>

#include "worker/text.h"

void outcome_free(struct outcome *outcome)
{
	json_decref(outcome->result);
	json_decref(outcome->error);
	json_decref(outcome->fields);
	json_decref(outcome->progress);
	*outcome = (struct outcome){ 0 };
}

void outcome_fail(struct outcome *outcome, bool retryable, const char *format, ...)
{
	va_list arguments;

	outcome_free(outcome);
	outcome->kind = OUTCOME_FAIL;
	outcome->retryable = retryable;
	va_start(arguments, format);
	outcome->error = text_json_list(format, arguments);
	va_end(arguments);
}
