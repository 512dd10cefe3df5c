#include "admin/option_help.h"

static const char *const texts[ADMIN_OPTIONS] = {
	[ADMIN_TENANT] = "the tenant (default: default)",
	[ADMIN_RIGHTS] = "rights, joined by commas (default: all of the user's)",
	[ADMIN_LABEL] = "name of the token in lists (default: the user's name)",
	[ADMIN_EXPIRES] = "seconds from now until it expires, or never",
	[ADMIN_ID] = "id of the new key (default: the user's id)",
	[ADMIN_SECRET] = "read the secret from standard input",
	[ADMIN_DIALECT] = "only tasks of these dialects",
	[ADMIN_DIALECTS] = "valid only for these dialects (default: all)",
	[ADMIN_OVERLAP] = "the old secret remains valid for so many seconds (default: 0)",
	[ADMIN_JSON] = "print JSON, one object in each line",
	[ADMIN_NO_WAIT] = "return at once",
	[ADMIN_TASKS] = "the most tasks of the tenant",
	[ADMIN_BYTES] = "the most bytes of the tenant's tasks",
	[ADMIN_ALL] = "all failed tasks that the other options select",
	[ADMIN_PARTIAL] = "accept input in which lines are missing",
	[ADMIN_NEW_TENANTS] = "also tasks of tenants without a user",
	[ADMIN_FROM] = "read responses of the API of this dialect",
	[ADMIN_REPLACE] = "also replace tasks that clients have changed here",
	[ADMIN_SALVAGE] = "leave out what is on damaged pages",
	[ADMIN_ADD] = "add the changes since then to a backup",
	[ADMIN_RATE] = "megabytes to copy per second (default: 100)",
	[ADMIN_HOME] = "the new home, a new or empty directory",
	[ADMIN_LOGS] = "also add the logs of this archive",
	[ADMIN_UNTIL] = "leave out what was changed after this time",
	[ADMIN_YES] = "repair (default: only say what would be lost)",
	[ADMIN_STATE] = "only tasks in these states",
	[ADMIN_KIND] = "only tasks of this kind",
	[ADMIN_FAILURE] = "only tasks that failed in these ways",
	[ADMIN_SORT] = "order of the list, with - the other way round (default: created)",
	[ADMIN_LIMIT] = "the most rows (default: 50)",
	[ADMIN_HISTORY] = "also print the history, the newest entry first",
	[ADMIN_TIMEOUT] = "stop waiting after so many seconds",
	[ADMIN_SEEN] = "used by task watch",
	[ADMIN_FIELDS] = "fields of the task, a JSON object in one line",
	[ADMIN_PRIORITY] = "priority of the task; higher ones come first",
	[ADMIN_NOT_BEFORE] = "begin the task at this time, or later",
	[ADMIN_STDIN] = "read a JSON body from standard input",
	[ADMIN_MAX] = "the most tasks to change",
	[ADMIN_RESUME] = "also send the events that were missed while it was disabled",
	[ADMIN_TYPE] = "only events of these types",
	[ADMIN_AFTER] = "begin behind this place (default: first)",
	[ADMIN_FOLLOW] = "go on with new events as they happen",
	[ADMIN_URL] = "URL to which the events are sent",
	[ADMIN_NAME] = "name for people",
	[ADMIN_FORMAT] = "format of the body: standard (default), or a vendor's",
	[ADMIN_METHOD] = "method of the requests (default: POST)",
	[ADMIN_HEADER] = "a header field to send; may be repeated",
	[ADMIN_QUERY] = "a parameter to add to the URL; may be repeated",
	[ADMIN_PARALLEL] = "requests at the same time, 1 to 16",
	[ADMIN_TO] = "only deliveries that were made before this time",
	[ADMIN_FILTER] = "a condition of GET /v1/tasks; may be repeated",
	[ADMIN_DRY_RUN] = "only count the tasks",
	[ADMIN_DRY_RUN_TOKEN] = "used by bulk do",
	[ADMIN_ONCE] = "print the view once, after a second",
	[ADMIN_NOHEADINGS] = "leave out the header line",
	[ADMIN_DELIVERY] = "only these deliveries, at most 100",
};

/* For the commands whose words begin so. The first row that fits counts. */
static const struct {
	const char *words;
	enum admin_option option;
	struct admin_option_help help;
} exceptions[] = {
	{ "user add", ADMIN_RIGHTS,
		{ "RIGHT,...", "the user's rights (default: read,write,work)" } },
	{ "user add", ADMIN_TENANT, { "TENANT", "the user's tenant (default: default)" } },
	{ "task show", ADMIN_TENANT, { "TENANT", "the task's tenant (default: search all)" } },
	{ "task watch", ADMIN_TENANT, { "TENANT", "the task's tenant (default: search all)" } },
	{ "task cancel", ADMIN_TENANT, { "TENANT", "the task's tenant (default: search all)" } },
	{ "task retry", ADMIN_TENANT, { "TENANT", "the task's tenant (default: search all)" } },
	{ "show", ADMIN_TENANT, { "TENANT", "the task's tenant (default: search all)" } },
	{ "bulk do", ADMIN_DIALECT, { "DIALECT,...", "only tasks of these dialects" } },
	{ "bulk do", ADMIN_PRIORITY, { "N", "the new priority, of set-priority" } },
	{ "bulk do", ADMIN_YES, { NULL, "do not ask" } },
	{ "bulk do", ADMIN_NO_WAIT, { NULL, "print the id of the bulk and return at once" } },
	{ "bulk do", ADMIN_JSON, { NULL, "print the response of the API" } },
	{ "task create", ADMIN_DIALECT, { "DIALECT", "dialect of the task" } },
	{ "task create", ADMIN_KIND, { "KIND", "kind of the task" } },
	{ "task", ADMIN_DIALECT, { "DIALECT,...", "only tasks of these dialects" } },
	{ "events", ADMIN_DIALECT, { "DIALECT,...", "only events of tasks of these dialects" } },
	{ "number set", ADMIN_DIALECT, { "DIALECT", "dialect whose tasks have the number" } },
	{ "load-sample", ADMIN_DIALECT,
		{ "DIALECT", "dialect of the tasks (default: virtshell)" } },
	{ "events", ADMIN_ID, { "ID,...", "only events of these tasks" } },
	{ "events", ADMIN_STATE, { "STATE,...", "only events that led to these states" } },
	{ "webhook redeliver", ADMIN_FROM,
		{ "TIME", "deliveries that were made since this time" } },
	{ "webhook", ADMIN_DIALECT, { "DIALECT,...", "only events of tasks of these dialects" } },
	{ "webhook", ADMIN_KIND, { "KIND,...", "only events of tasks of these kinds" } },
	{ "webhook", ADMIN_STATE, { "STATE,...", "only events that led to these states" } },
	{ "copy", ADMIN_FROM, { "STORE", "the store: its home, or the URL of its server" } },
	{ "copy", ADMIN_TO, { "STORE", "the new store: a home, or the URL of a server" } },
	{ "export", ADMIN_ALL, { NULL, "also everything else, secrets included" } },
	{ "import", ADMIN_ID, { "ITEM", "with --from vionlabs: the item of the list" } },
	{ "status", ADMIN_JSON, { NULL, "print one JSON object" } },
	{ "reindex", ADMIN_NO_WAIT, { NULL, "do not wait until the index is complete" } },
	{ "sign", ADMIN_SECRET,
		{ "-", "read the secret from standard input, not from VIRTSHELL_KEY" } },
	{ NULL, 0, { NULL, NULL } },
};

/* "webhook" fits "webhook log", and "show" does not fit "show-all". */
static bool fits(const char *begin, const char *words)
{
	size_t len = strlen(begin);

	return strncmp(begin, words, len) == 0 && (words[len] == ' ' || words[len] == '\0');
}

struct admin_option_help admin_option_help(const char *words, enum admin_option option)
{
	for (size_t i = 0; exceptions[i].words; i++) {
		if (exceptions[i].option == option && fits(exceptions[i].words, words))
			return exceptions[i].help;
	}
	return (struct admin_option_help){ admin_options[option].value, texts[option] };
}
