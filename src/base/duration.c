#include "base/duration.h"

static const struct {
	char name;
	uint64_t seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

bool duration_parse(uint64_t *seconds, const char *text)
{
	size_t len = strlen(text);
	uint64_t count;

	if (strcmp(text, "0") == 0) {
		*seconds = 0;
		return true;
	}
	for (size_t i = 0; len > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] != units[i].name)
			continue;
		if (!str_to_u64((struct str){ text, len - 1 }, &count) ||
			count > UINT32_MAX / units[i].seconds)
			return false;
		*seconds = count * units[i].seconds;
		return true;
	}
	return false;
}

void duration_put(uint64_t seconds, struct buf *out)
{
	size_t i = 0;

	if (seconds == 0) {
		buf_putc(out, '0');
		return;
	}
	while (seconds % units[i].seconds != 0)
		i++;
	buf_printf(out, "%llu%c", (unsigned long long)(seconds / units[i].seconds), units[i].name);
}
