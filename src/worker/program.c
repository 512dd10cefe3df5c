#include "worker/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/json.h"
#include "task/trace.h"
#include "worker/fatal.h"

#define OWN_VARIABLES 7

/* Not inherited: those of a trace belong to the worker's own. */
static const char *const not_inherited[] = { "POLYTASK_TOKEN", "TRACEPARENT", "TRACESTATE" };

static bool is_program(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

bool program_find(char **program, const char *name, struct err *err)
{
	const char *list = getenv("PATH");
	struct str rest = str_cstr(list ? list : "/bin:/usr/bin"), folder;
	struct buf path = BUF_INIT;

	if (strchr(name, '/')) {
		buf_puts(&path, name);
		buf_putc(&path, '\0');
	}
	while (!strchr(name, '/') && rest.ptr && !(path.len > 0 && is_program(path.data))) {
		folder = str_split_next(&rest, ':');
		buf_reset(&path);
		buf_printf(&path, "%.*s/%s", STR_ARGS(folder.len > 0 ? folder : STR(".")), name);
		buf_putc(&path, '\0');
		need_buf(&path);
	}
	need_buf(&path);
	if (path.len == 0 || !is_program(path.data)) {
		buf_free(&path);
		return err_set(
			err, ERR_NOT_FOUND, NULL, "cannot execute %s: no such program", name);
	}
	*program = path.data;
	return true;
}

static char *variable(const char *name, const char *value)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s=%s", name, value);
	buf_putc(&text, '\0');
	need_buf(&text);
	return text.data;
}

/* Of the request that has created the task. Returns how many variables it has added. */
static size_t add_trace(char **list, const json_t *task)
{
	struct str parent = json_str(json_object_get(task, "traceparent"));
	struct str state = json_str(json_object_get(task, "tracestate"));
	size_t used = 0;

	if (!trace_parent_is_valid(parent))
		return 0;
	list[used++] = variable("TRACEPARENT", parent.ptr);
	if (trace_state_is_valid(state))
		list[used++] = variable("TRACESTATE", state.ptr);
	return used;
}

static bool has_name(const char *text, const char *name)
{
	size_t len = strcspn(name, "=");

	return strncmp(text, name, len) == 0 && text[len] == '=';
}

/* Whether the command gets this variable of the worker, besides those of its own. */
static bool is_inherited(const char *text, char *const *list, size_t own)
{
	for (size_t i = 0; i < sizeof(not_inherited) / sizeof(not_inherited[0]); i++) {
		if (has_name(text, not_inherited[i]))
			return false;
	}
	for (size_t i = 0; i < own; i++) {
		if (has_name(text, list[i]))
			return false;
	}
	return true;
}

char **program_environment(const struct job *job, size_t *own)
{
	const char *kind = json_string_value(json_object_get(job->task, "kind"));
	const char *dialect = json_string_value(json_object_get(job->task, "dialect"));
	size_t count = 0, used = 0;
	char number[32], **list;

	while (environ[count])
		count++;
	list = need(calloc(count + OWN_VARIABLES + 1, sizeof(*list)));
	snprintf(number, sizeof(number), "%" PRId64, job->attempt);
	list[used++] = variable("POLYTASK_TASK_ID", job->id);
	list[used++] = variable("POLYTASK_DIALECT", dialect ? dialect : "");
	list[used++] = variable("POLYTASK_KIND", kind ? kind : "");
	list[used++] = variable("POLYTASK_ATTEMPT", number);
	list[used++] = variable("POLYTASK_PROGRESS_FD", "3");
	used += add_trace(list + used, job->task);
	*own = used;
	for (size_t i = 0; i < count; i++) {
		if (is_inherited(environ[i], list, *own))
			list[used++] = environ[i];
	}
	return list;
}
