#include "admin/backup_commands.h"

#include <inttypes.h>

#include "base/clock.h"
#include "store/store.h"

static bool hold(struct store *store, uint64_t owner, struct err *err)
{
	return store_hold_logs(store, owner, BACKUP_HOLD_MS, err);
}

/* The second checkpoint waits for a removal of logs that began before the hold. */
static bool begin(struct store *store, uint64_t owner, struct err *err)
{
	return store_checkpoint(store, true, NULL, err) && hold(store, owner, err) &&
	       store_checkpoint(store, false, NULL, err);
}

static bool end(struct store *store, uint64_t owner, struct err *err)
{
	(void)err;
	store_release_logs(store, owner);
	return true;
}

static bool note(struct store *store, uint64_t owner, struct err *err)
{
	return end(store, owner, err) && store_note_backup(store, clock_wall_ms(), err);
}

bool admin_hold_logs(struct admin *admin, const struct admin_call *call, struct err *err)
{
	static const struct {
		const char *name;
		bool (*run)(struct store *store, uint64_t owner, struct err *err);
	} steps[] = {
		{ "begin", begin },
		{ "continue", hold },
		{ "end", end },
		{ "note", note },
	};
	struct store_position position;
	uint64_t owner;
	size_t i = 0;

	while (i < sizeof(steps) / sizeof(steps[0]) && strcmp(steps[i].name, call->operand) != 0)
		i++;
	if (i == sizeof(steps) / sizeof(steps[0]))
		return err_set(err, ERR_INVALID, NULL, "unknown step '%s'", call->operand);
	if (!str_to_u64(str_cstr(call->options[ADMIN_ID]), &owner) || owner == 0)
		return err_set(err, ERR_INVALID, "id", "--id must be a number from 1");
	if (!steps[i].run(admin->store, owner, err) ||
		!store_position(admin->store, &position, err))
		return false;
	return admin_print(admin,
		"{\"time\":%" PRId64 ",\"first_log\":%" PRIu64 ",\"last_log\":%" PRIu64
		",\"last_bytes\":%" PRIu64 "}",
		clock_wall_ms(), position.first_log, position.last_log, position.last_bytes);
}
