#pragma once
/*
 * A time that may be absent: ms since 1970-01-01 UTC, from 0 (base/date.h has the range). 0 is a
 * time like others, and zeroed memory is an absent time. Values compare with memcmp.
 */
#include <stdbool.h>
#include <stdint.h>

struct optional_time {
	int64_t successor; /* one more than the time; 0: absent */
};

#define OPTIONAL_TIME_NONE ((struct optional_time){ 0 })

static inline struct optional_time optional_time(int64_t ms)
{
	return (struct optional_time){ ms + 1 };
}

static inline bool optional_time_is_set(struct optional_time time)
{
	return time.successor != 0;
}

/* The time must be set. */
static inline int64_t optional_time_ms(struct optional_time time)
{
	return time.successor - 1;
}
