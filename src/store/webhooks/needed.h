#pragma once
/* What the journal must keep for webhooks: a part of struct store. */
#include "base/buf.h"

/* A pass over all webhooks, by the keeper (webhooks/trim.c). */
struct webhook_needed {
	struct buf keys;
	size_t left;	/* bytes of them */
	uint64_t least; /* number of the oldest entry that one needs; 0: none */
};
