#pragma once
/*
 * Syntax of conditional request header fields: entity tags (RFC 9110 §8.8.3) and dates (§5.6.7).
 * Pure; texts borrow from the value.
 */
#include "base/str.h"

struct entity_tag {
	bool weak;
	struct str opaque; /* without the quotes */
};

/*
 * Takes the next tag off a list; empty elements are skipped (§5.6.1.2). Returns false at the end of
 * the list, which is then empty, or where it is malformed.
 */
bool entity_tag_next(struct str *list, struct entity_tag *tag);

/*
 * A date in one of the three formats of HTTP (IMF-fixdate, RFC 850, asctime), in ms since 1970;
 * negative before. The weekday is not compared with the date, and the 31st of a short month counts
 * as a day of the next one. Returns false and leaves *ms unchanged for any other text.
 */
bool http_date_parse(int64_t *ms, struct str text);
