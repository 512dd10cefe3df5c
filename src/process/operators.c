#include "process/operators.h"

#include <signal.h>

struct tally {
	size_t all, working, leaving;
};

static bool is_waiting(const struct operator_place *place, int64_t now)
{
	return place->waiting_since > 0 && now - place->waiting_since >= OPERATORS_WAITING_MS;
}

/* Counts the places of this user, or with `everyone` those of all users. */
static struct tally count_places(
	const struct operator_place *places, size_t count, uid_t uid, bool everyone, int64_t now)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (!everyone && places[i].uid != uid)
			continue;
		tally.all++;
		tally.working += !is_waiting(&places[i], now);
		tally.leaving += places[i].leaving;
	}
	return tally;
}

/* The user with the most places. */
static uid_t find_heaviest(const struct operator_place *places, size_t count, int64_t now)
{
	size_t most = 0;
	uid_t uid = 0;

	for (size_t i = 0; i < count; i++) {
		size_t all = count_places(places, count, places[i].uid, false, now).all;

		if (all > most) {
			most = all;
			uid = places[i].uid;
		}
	}
	return uid;
}

/* The operator of this user that has waited longest, or count. */
static size_t find_longest(
	const struct operator_place *places, size_t count, uid_t uid, int64_t now)
{
	size_t longest = count;

	for (size_t i = 0; i < count; i++) {
		if (places[i].uid == uid && is_waiting(&places[i], now) &&
			(longest == count ||
				places[i].waiting_since < places[longest].waiting_since))
			longest = i;
	}
	return longest;
}

enum operators_answer operators_decide(const struct operator_place *places, size_t count, uid_t uid,
	int64_t now, size_t *displaced)
{
	struct tally all = count_places(places, count, uid, true, now);
	struct tally own = count_places(places, count, uid, false, now);
	bool own_full = own.all >= OPERATORS_USER_ALL;
	size_t longest;

	if (all.working >= OPERATORS_WORKING || own.working >= OPERATORS_USER_WORKING)
		return OPERATORS_FULL;
	if (!own_full && all.all < OPERATORS_ALL)
		return OPERATORS_START;
	if ((own_full ? own : all).leaving > 0)
		return OPERATORS_LATER;
	longest = find_longest(
		places, count, own_full ? uid : find_heaviest(places, count, now), now);
	if (longest == count)
		return OPERATORS_FULL;
	*displaced = longest;
	return OPERATORS_DISPLACE;
}

enum operators_answer operators_admit(struct children *children, uid_t uid, int64_t now)
{
	struct operator_place places[SCOREBOARD_SLOTS];
	size_t slots[SCOREBOARD_SLOTS], count = 0, displaced;
	enum operators_answer answer;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct process *process = &children->processes[i];

		if (!process->pid || process->role != ROLE_OPERATOR)
			continue;
		slots[count] = i;
		places[count++] = (struct operator_place){
			.uid = process->client_uid,
			.waiting_since = children->scoreboard->slots[i].waiting_since,
			.leaving = process->exit_requested,
		};
	}
	answer = operators_decide(places, count, uid, now, &displaced);
	if (answer == OPERATORS_DISPLACE) {
		struct process *process = &children->processes[slots[displaced]];

		process->exit_requested = true;
		children->scoreboard->slots[slots[displaced]].displaced = true;
		kill(process->pid, SIGTERM);
	}
	return answer;
}
