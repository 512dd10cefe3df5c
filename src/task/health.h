#pragma once
/*
 * What an operator should look at (OP_HEALTH), for an administrator of a tenant: figures of the
 * service that reveal nothing about other tenants, and figures of the tenant. All texts are static.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Integers in JSON unless noted. */
enum health_kind {
	HEALTH_NUMBER,
	HEALTH_BYTES,
	HEALTH_DURATION, /* ms */
	HEALTH_TIME,	 /* ms since the epoch; 0: none, null in JSON */
	HEALTH_SHARE,	 /* millionths; a real number from 0 to 1 in JSON */
	HEALTH_FLAG,	 /* 0 or 1; a boolean in JSON */
	HEALTH_STATE,	 /* index of `names`; that text in JSON */
	HEALTH_ERROR,	 /* errno; its text in JSON; 0: none, null in JSON */
};

#define HEALTH_CHECKS_MAX 64

struct health_check {
	const char *name;
	const char *help; /* describes the value; a phrase, not a sentence */
	enum health_kind kind;
	uint64_t value;
	const char *unit;   /* NUMBER: a regular noun, singular */
	const char *word;   /* STATE, ERROR: the value; NULL: no error */
	const char *advice; /* what to do, if an operator is needed; else NULL */
};

struct health_answer {
	struct health_check checks[HEALTH_CHECKS_MAX];
	size_t count;
	bool attention; /* a check has advice */
	int64_t at;	/* op.now */
};
