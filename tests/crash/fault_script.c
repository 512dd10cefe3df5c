#include "crash/fault_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crash/fault_calls.h"
#include "store/auth_table.h"

#define BIG	 20000
#define HUGE	 400000 /* three of them fill a log file */
#define KEY_SIZE 16

/* ---- operations ---- */

struct script {
	struct store *store;
	struct script_record *record;
};

static void set_type(struct op *op, size_t size, char **value)
{
	*value = NULL;
	if (size == 0) {
		change_set_field(&op->change, STR("type"), STR("\"a\""));
		return;
	}
	*value = malloc(size + 1);
	if (!*value)
		_exit(99);
	memset(*value, '1', size);
	(*value)[size] = '\0';
	change_set_field(&op->change, STR("type"), str_cstr(*value));
}

static struct op create_op(unsigned number, char key[KEY_SIZE])
{
	struct op op = fixture_op(OP_CREATE, number);

	op.change.status = STR("v1");
	op.now = clock_wall_ms(); /* the keys expire */
	if (number % 3 == 0) {
		snprintf(key, KEY_SIZE, "key-%u", number);
		op.idempotency_key = str_cstr(key);
		op.idempotency_fingerprint[0] = 1;
	}
	return op;
}

static bool flush(struct store *store, struct err *err)
{
	bool ok;

	fault_enter();
	ok = store_flush(store, err);
	fault_leave();
	return ok;
}

static bool apply(struct store *store, const struct op *op, struct err *err)
{
	struct result result = { 0 };
	bool ok;

	fault_enter();
	ok = store_apply(store, op, &result, err);
	fault_leave();
	store_result_free(&result);
	return ok;
}

/* Ends the process if the environment is lost, as every process of the service does. */
static void exit_if_lost(const struct err *err)
{
	if (err->code == ERR_PANIC)
		_exit(STORE_EXIT_PANIC);
}

/* Carries out an operation after which the task has this version. Returns true if acknowledged. */
static bool change(struct script *script, const struct op *op, unsigned number, unsigned version)
{
	struct script_record *record = script->record;
	uint32_t before = record->versions[number];
	struct err err = { 0 };

	record->versions[number] |= 1U << version;
	if (!apply(script->store, op, &err)) {
		exit_if_lost(&err);
		record->versions[number] = before;
		record->refused += err.code != ERR_NOT_FOUND;
		record->busy += err.code == ERR_BUSY;
		return false;
	}
	if (!flush(script->store, &err)) {
		exit_if_lost(&err);
		record->unknown++;
		return false;
	}
	record->versions[number] = 1U << version;
	return true;
}

static void create(struct script *script, unsigned number, size_t size)
{
	char key[KEY_SIZE], *value;
	struct op op = create_op(number, key);

	set_type(&op, size, &value);
	if (change(script, &op, number, 1) && op.idempotency_key.len > 0)
		script->record->keyed[number] = true;
	free(value);
}

static void update(struct script *script, unsigned number, unsigned version)
{
	struct op op = fixture_op(OP_UPDATE, number);
	char status[8];

	snprintf(status, sizeof(status), "v%u", version);
	op.change.status = str_cstr(status);
	change(script, &op, number, version);
}

static void erase(struct script *script, unsigned number)
{
	struct op op = fixture_op(OP_REMOVE, number);

	change(script, &op, number, 0);
}

/* ---- the script ---- */

static void change_tasks(struct script *script)
{
	for (unsigned n = 0; n < 8; n++)
		create(script, n, n % 4 == 3 ? BIG : 0);
	for (unsigned n = 0; n < 5; n++)
		update(script, n, 2);
	erase(script, 6);
	erase(script, 7);
}

static void fill_log(struct script *script)
{
	for (unsigned n = 8; n < 11; n++) {
		create(script, n, HUGE);
		erase(script, n);
	}
}

static bool edit_user(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)data, (void)err;
	buf_put(value, "{}", 2); /* the store notices a lack of memory */
	return true;
}

/* What other processes do in the same store; an error that is not PANIC changes nothing. */
static void maintain(struct script *script)
{
	const struct store_auth_edit edit = { STORE_USERS, STR("user"), edit_user, NULL };
	struct store_chore chore;
	struct err err = { 0 };
	unsigned removed;
	bool more;

	fault_enter();
	if (!store_checkpoint(script->store, true, &removed, &err))
		exit_if_lost(&err);
	for (size_t i = 0; store_chore(script->store, i, &chore); i++) {
		if (!store_run_chore(script->store, i, false, &more, &err))
			exit_if_lost(&err);
	}
	if (!store_auth_update(script->store, &edit, 1, &err))
		exit_if_lost(&err);
	fault_leave();
}

static void read_tasks(struct script *script)
{
	struct op op = fixture_list(BY_STATUS, "v2");
	struct store_report report;
	struct err err = { 0 };

	if (!apply(script->store, &op, &err))
		exit_if_lost(&err);
	fault_enter();
	if (!store_verify(script->store, NULL, &report, &err))
		exit_if_lost(&err);
	fault_leave();
}

static void quiet(void)
{
	log_capture(NULL);
	log_set_level(LOG_LEVELS);
}

int script_run(const struct store_options *options, struct script_record *record)
{
	struct script script = { .record = record };
	struct err err = { 0 };
	bool opened;

	quiet();
	fault_enter();
	opened = store_open(&script.store, options, &err);
	fault_leave();
	if (!opened)
		return err.code == ERR_PANIC ? STORE_EXIT_PANIC : 1;
	change_tasks(&script);
	fill_log(&script);
	maintain(&script);
	read_tasks(&script);
	for (unsigned n = 12; n < 16; n++)
		create(&script, n, 0);
	update(&script, 1, 3);
	update(&script, 12, 2);
	maintain(&script);
	fault_enter();
	store_close(script.store);
	fault_leave();
	record->calls = fault_count();
	record->finished = true;
	return 0;
}

void script_prepare(const struct store_options *options, struct script_record *record)
{
	struct script script = { .record = record };
	struct err err = { 0 };

	quiet();
	if (!store_open(&script.store, options, &err))
		_exit(98);
	for (unsigned n = 0; n < SCRIPT_TASKS; n++)
		record->versions[n] = 1U << 0;
	for (unsigned n = SCRIPT_OLD; n < SCRIPT_TASKS; n++)
		create(&script, n, n == SCRIPT_OLD ? BIG : 0);
	/* The store is left open: the script begins with a recovery. */
}

/* ---- the check ---- */

#define COMPLAIN(record, ...) snprintf((record)->message, sizeof((record)->message), __VA_ARGS__)

/* The version of a task; -1 with a message. */
static int read_version(struct store *store, unsigned number, struct script_record *record)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };
	int version = -1;

	if (store_apply(store, &op, &result, &err))
		version = result.task.status.ptr[1] - '0';
	else if (err.code == ERR_NOT_FOUND)
		version = 0;
	else
		COMPLAIN(record, "task %u cannot be read: %s", number, err_text(&err));
	store_result_free(&result);
	return version;
}

static bool check_tasks(struct store *store, struct script_record *record)
{
	for (unsigned n = 0; n < SCRIPT_TASKS; n++) {
		int version = read_version(store, n, record);

		if (version < 0)
			return false;
		if (!(record->versions[n] & 1U << version)) {
			COMPLAIN(record, "task %u has version %d, not one of the bits %x", n,
				version, record->versions[n]);
			return false;
		}
	}
	return true;
}

/* Acknowledged keys are known; none makes a second task. */
static bool check_keys(struct store *store, struct script_record *record)
{
	for (unsigned n = 0; n < SCRIPT_TASKS; n++) {
		struct result result = { 0 };
		struct err err = { 0 };
		char key[KEY_SIZE];
		struct op op = create_op(n, key);
		bool known;

		if (!record->keyed[n])
			continue;
		op.new_id = fixture_id(1000 + n);
		known = store_apply(store, &op, &result, &err) && !result.written;
		store_result_free(&result);
		if (!known) {
			COMPLAIN(record, "key of task %u: %s", n,
				err.code ? err_text(&err) : "made a second task");
			return false;
		}
	}
	return true;
}

static bool check_index(struct store *store, struct script_record *record)
{
	struct store_report report;
	struct err err = { 0 };

	if (!store_verify(store, NULL, &report, &err))
		COMPLAIN(record, "verify: %s", err_text(&err));
	else if (report.damaged > 0)
		COMPLAIN(record, "page %u of %s is damaged", (unsigned)report.damages[0].page,
			report.damages[0].table);
	else if (report.missing_entries || report.stray_entries || report.unreadable_records ||
		 report.wrong_counts)
		COMPLAIN(record,
			"index: %llu missing, %llu stray, %llu unreadable, %llu tenants miscounted",
			(unsigned long long)report.missing_entries,
			(unsigned long long)report.stray_entries,
			(unsigned long long)report.unreadable_records,
			(unsigned long long)report.wrong_counts);
	return record->message[0] == '\0';
}

void script_check(const struct store_options *options, struct script_record *record)
{
	struct op op = fixture_op(OP_CREATE, 2000);
	struct store *store;
	struct err err = { 0 };

	quiet();
	if (!store_open(&store, options, &err)) {
		COMPLAIN(record, "the store cannot be recovered: %s", err_text(&err));
		return;
	}
	if (check_tasks(store, record) && check_keys(store, record) && check_index(store, record) &&
		(!apply(store, &op, &err) || !flush(store, &err)))
		COMPLAIN(record, "no task can be created: %s", err_text(&err));
	store_close(store);
}
