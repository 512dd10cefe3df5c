#include "notify/schedule.h"

#include "base/date.h"

#define SECONDS(s) ((s)*INT64_C(1000))
#define HOURS(h)   SECONDS((h)*3600)

/* Before the first attempt, the second one, ... */
static const int64_t waits[SCHEDULE_ATTEMPTS] = { 0, SECONDS(5), SECONDS(300), SECONDS(1800),
	HOURS(2), HOURS(5), HOURS(10), HOURS(14), HOURS(20), HOURS(24) };

/* From 80 to 120 % of the time. */
static int64_t jitter(int64_t ms, uint32_t random)
{
	return ms * 4 / 5 + ms * 2 / 5 * (random % 1001) / 1000;
}

static bool has_succeeded(unsigned status)
{
	return status >= 200 && status < 300;
}

/* Of a receiver that is overloaded (RFC 6585, RFC 9110). */
static int64_t asked_wait_ms(const struct schedule_answer *answer)
{
	return answer->status == 429 || answer->status == 503 ? SECONDS(answer->retry_after) : 0;
}

void schedule_decide(const struct schedule_answer *answer, unsigned attempts, bool test,
	uint32_t random, struct schedule_verdict *verdict)
{
	int64_t asked = asked_wait_ms(answer);

	*verdict = (struct schedule_verdict){ .state = DELIVERY_FAILED };
	if (has_succeeded(answer->status)) {
		verdict->state = DELIVERY_DELIVERED;
	} else if (answer->status == 410) {
		verdict->gone = true;
	} else if (!test && attempts < SCHEDULE_ATTEMPTS) {
		verdict->state = DELIVERY_PENDING;
		verdict->wait_ms = jitter(waits[attempts], random);
		if (verdict->wait_ms < asked)
			verdict->wait_ms = asked;
	}
}

bool schedule_must_disable(struct optional_time failing_since, int64_t now)
{
	return optional_time_is_set(failing_since) &&
	       now - optional_time_ms(failing_since) >= SCHEDULE_DISABLE_MS;
}

static void extend_pause(struct schedule_health *health, int64_t now)
{
	if (health->pause_ms == 0)
		health->pause_ms = SCHEDULE_PAUSE_MIN;
	else if (health->pause_ms < SCHEDULE_PAUSE_MAX / 2)
		health->pause_ms *= 2;
	else
		health->pause_ms = SCHEDULE_PAUSE_MAX;
	if (health->until < now + health->pause_ms)
		health->until = now + health->pause_ms;
}

bool schedule_is_failing(const struct schedule_health *health)
{
	return health->failures >= SCHEDULE_FAILURES;
}

/* The receiver works: it has taken the delivery, or refused it. */
static bool has_answered(unsigned status)
{
	bool refused = status >= 400 && status < 500;

	return has_succeeded(status) ||
	       (refused && status != 408 && status != 410 && status != 425 && status != 429);
}

bool schedule_note(struct schedule_health *health, const struct schedule_answer *answer,
	uint64_t delivery, int64_t now)
{
	bool failing = schedule_is_failing(health);
	int64_t asked = asked_wait_ms(answer);

	if (has_answered(answer->status)) {
		*health = (struct schedule_health){ 0 };
		return failing;
	}
	/* Several that were under way when the pause began count as one failure. */
	if (failing && now < health->until)
		return false;
	if (health->failures == 0 || health->failed != delivery || failing)
		health->failures++;
	health->failed = delivery;
	if (asked > 0 && health->until < now + asked)
		health->until = now + asked;
	if (schedule_is_failing(health))
		extend_pause(health, now);
	return !failing && schedule_is_failing(health);
}

unsigned schedule_slots(const struct schedule_health *health, unsigned parallel, int64_t now)
{
	if (now < health->until)
		return 0;
	return schedule_is_failing(health) ? 1 : parallel;
}

uint32_t schedule_retry_after(struct str value, int64_t now)
{
	uint64_t seconds = 0;
	int64_t at;

	value = str_trim(value);
	if (!str_to_u64(value, &seconds)) {
		if (!date_parse_rfc5322(&at, value) || at <= now)
			return 0;
		seconds = (uint64_t)(at - now + 999) / 1000;
	}
	return (uint32_t)(seconds < SCHEDULE_RETRY_AFTER_MAX ? seconds : SCHEDULE_RETRY_AFTER_MAX);
}
