/* libdb's errors: in the log, and as the cause of a failed open. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "store/bdb/bdb.h"
#include "store/bdb/file_hooks.h"

/* The first error since bdb_report_errors(): later ones only follow from it. */
static char first_error[ENGINE_MESSAGE_SIZE];
static bool recovering;

/* libdb appends the words of errno to the failed call. */
static bool is_system_error(const char *text)
{
	static const int errors[] = { EIO, ENOMEM, EMFILE, ENFILE, EACCES };
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const char *words = strerror(errors[i]);
		size_t size = strlen(words);

		if (len >= size && strcmp(text + len - size, words) == 0)
			return true;
	}
	return false;
}

static void log_error_text(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env, (void)prefix;
	/* libdb reports each read of a damaged page; the page was logged once. */
	if (file_hooks_failure().name)
		return;
	if (!*first_error)
		snprintf(first_error, sizeof(first_error), "%s", text);
	log_error("bdb", "%s", text);
	if (recovering && is_system_error(text))
		file_hooks_forbid_changes();
}

static void log_message(const DB_ENV *env, const char *text)
{
	(void)env;
	log_info("bdb", "%s", text);
}

static void log_event(DB_ENV *env, uint32_t event, void *info)
{
	(void)env, (void)info;
	/* A recovery that met a damaged page; it was logged. */
	if (file_hooks_failure().name)
		return;
	if (event == DB_EVENT_PANIC)
		log_error("store-panic", "the database environment is unusable until recovery");
	else if (event == DB_EVENT_WRITE_FAILED)
		log_error("store-write-failed", "a page could not be written");
}

void bdb_report_errors(DB_ENV *env)
{
	*first_error = '\0';
	env->set_errcall(env, log_error_text);
	env->set_msgcall(env, log_message);
	env->set_event_notify(env, log_event);
}

int bdb_recover(DB_ENV *env, const char *home, uint32_t flags)
{
	int rc;

	recovering = true;
	rc = env->open(env, home, flags, 0600);
	recovering = false;
	return rc == 0 && !file_hooks_may_change() ? EIO : rc;
}

static bool names_table(const char *text, enum engine_table table)
{
	char name[32];

	snprintf(name, sizeof(name), "%s.db", engine_tables[table].name);
	return strstr(text, name);
}

/* libdb names the file in its text only. A log that is too short is not the fault of a file. */
static enum engine_fault find_fault(const char *text)
{
	if (strstr(text, "past end of log"))
		return ENGINE_FAULT_OTHER;
	if (names_table(text, TABLE_INDEX))
		return ENGINE_FAULT_INDEX;
	return names_table(text, TABLE_USAGE) || names_table(text, TABLE_SNAPSHOT) ||
			       names_table(text, TABLE_JOURNAL) || names_table(text, TABLE_OUTBOX)
		       ? ENGINE_FAULT_DERIVED
		       : ENGINE_FAULT_OTHER;
}

void bdb_describe(struct bdb *bdb, const char *what, int rc)
{
	if (!*bdb->engine.message)
		snprintf(bdb->engine.message, sizeof(bdb->engine.message), "%s%s", what,
			*first_error ? first_error : db_strerror(rc));
	if (bdb->engine.fault == ENGINE_FAULT_OTHER)
		bdb->engine.fault = find_fault(bdb->engine.message);
}

int bdb_refuse(struct bdb *bdb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(bdb->engine.message, sizeof(bdb->engine.message), format, args);
	va_end(args);
	bdb->engine.fault = ENGINE_FAULT_REFUSED;
	return EINVAL;
}
