#include "dialect/retention_conf.h"

#include "dialect/dialect.h"

/* The names in conf.dialects are those of the first `dialects`, which have tasks. */
static int64_t keep_ms(const struct conf_retention *option, size_t dialect)
{
	uint64_t own = option->of_dialect[dialect];

	return (int64_t)(own == OPTION_UNSET ? option->general : own) * 1000;
}

void retention_from_conf(struct retention *retention, const struct conf *conf)
{
	memset(retention, 0, sizeof(*retention));
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		int64_t *keep = retention->keep_ms[dialects[i]->code];

		keep[TASK_SUCCEEDED] = keep_ms(&conf->retain_succeeded, i);
		keep[TASK_FAILED] = keep_ms(&conf->retain_failed, i);
		keep[TASK_CANCELLED] = keep_ms(&conf->retain_cancelled, i);
	}
}
