#pragma once
/*
 * Filters of a list (README.md), a tree of conditions in the request's arena. filter.h parses it.
 * plan.c gives the store those that an index answers, and leaves the rest to the list's test, which
 * condition.c evaluates for each row. like.c searches texts.
 */
#include "dialect/fourhse/fourhse.h"

#define FOURHSE_CONDITIONS_MAX 64
#define FOURHSE_LIKES_MAX      4   /* each reads whole texts */
#define FOURHSE_LIKE_MAX       255 /* bytes */

enum fourhse_condition_kind {
	FOURHSE_ALL,  /* of parts */
	FOURHSE_ANY,  /* of parts */
	FOURHSE_NOT,  /* its one part */
	FOURHSE_IN,   /* the member has one of values, which are as indexed */
	FOURHSE_LIKE, /* the member contains the pattern */
	FOURHSE_TIME, /* the member's time is in range */
};

/* A text to search for, with the table of the Knuth-Morris-Pratt search. */
struct fourhse_pattern {
	size_t len;
	char text[FOURHSE_LIKE_MAX]; /* ASCII letters in lower case */
	uint8_t border[FOURHSE_LIKE_MAX];
};

struct fourhse_condition {
	enum fourhse_condition_kind kind;
	const struct fourhse_member *member; /* IN, LIKE, TIME */
	const struct str *values;
	size_t value_count;
	const struct fourhse_pattern *pattern;
	struct list_time_range range;
	struct fourhse_condition *parts, *next;
};

/* The result of a comparison: unknown if the value is null, as in SQL. */
enum fourhse_truth { FOURHSE_FALSE, FOURHSE_UNKNOWN, FOURHSE_TRUE };

enum fourhse_truth fourhse_evaluate(
	const struct fourhse_condition *condition, const struct task *task);
/* Whether the condition is true: list_query.test. */
bool fourhse_test(const void *condition, const struct task *task);

/*
 * Sets the filters, time ranges and test of the list. Returns false with ERR_UNPROCESSABLE if the
 * filter is invalid; NULL, null, "" and an empty list are no filter.
 */
bool fourhse_parse_filter(
	struct list_query *list, json_t *filter, struct arena *arena, struct err *err);

/* Sets them from the root, an ALL, whose other parts become the test. */
bool fourhse_plan_filter(struct list_query *list, struct fourhse_condition *root,
	struct arena *arena, struct err *err);

/* At most FOURHSE_LIKE_MAX bytes of UTF-8. */
void fourhse_pattern_init(struct fourhse_pattern *pattern, struct str text);
/* Searches a plain text, or the JSON text of a string. ASCII letters match in either case. */
bool fourhse_pattern_in_text(const struct fourhse_pattern *pattern, struct str text);
bool fourhse_pattern_in_json(const struct fourhse_pattern *pattern, struct str json);
