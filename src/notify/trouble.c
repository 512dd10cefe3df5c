#include "base/log.h"
#include "notify/notifier_parts.h"

bool notifier_pass_error(struct notifier *notifier, const struct err *err)
{
	if (err->code == ERR_PANIC)
		return false;
	if (!notifier->warned)
		log_warn("webhook", "deliveries wait for the store: %s", err_text(err));
	notifier->warned = true;
	notifier->refused = true;
	return true;
}
