#include "task/webhook.h"

#include <inttypes.h>
#include <stdio.h>

void delivery_id_format(const struct delivery *delivery, char text[DELIVERY_ID_SIZE])
{
	char id[ID_TEXT_LEN + 1];

	id_format(&delivery->webhook, id);
	snprintf(text, DELIVERY_ID_SIZE, "%s_%" PRIu64, id, delivery->number);
}

bool delivery_id_parse(const struct id *webhook, struct str text, uint64_t *number)
{
	char id[ID_TEXT_LEN + 1];
	uint64_t parsed;

	id_format(webhook, id);
	if (str_starts(text, str_cstr(id)) && text.len > ID_TEXT_LEN &&
		text.ptr[ID_TEXT_LEN] == '_')
		text = str_skip(text, ID_TEXT_LEN + 1);
	if (!str_to_u64(text, &parsed) || parsed == 0 || text.ptr[0] == '0')
		return false;
	*number = parsed;
	return true;
}
