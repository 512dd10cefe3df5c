#include "task/webhook.h"

#include <inttypes.h>
#include <stdio.h>

void delivery_id_format(const struct delivery *delivery, char text[DELIVERY_ID_SIZE])
{
	char id[ID_TEXT_LEN + 1];

	id_format(&delivery->webhook, id);
	snprintf(text, DELIVERY_ID_SIZE, "%s_%" PRIu64, id, delivery->number);
}
