#pragma once
/* Internal to the store: the parts of an export besides tasks. */
#include "store/transfer/snapshot.h"

/* Calls sink->row for each row. True also if it ended the export. */
bool transfer_rows(struct store *store, struct snapshot *snapshot, const struct store_sink *sink,
	struct err *err);
