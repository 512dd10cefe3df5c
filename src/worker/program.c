#include "worker/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/fatal.h"

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

char **program_environment(const struct job *job, size_t *own)
{
	const char *kind = json_string_value(json_object_get(job->task, "kind"));
	const char *dialect = json_string_value(json_object_get(job->task, "dialect"));
	size_t count = 0, used = 0;
	char number[32], **list;

	while (environ[count])
		count++;
	list = need(calloc(count + 6, sizeof(*list)));
	snprintf(number, sizeof(number), "%" PRId64, job->attempt);
	list[used++] = variable("POLYTASK_TASK_ID", job->id);
	list[used++] = variable("POLYTASK_DIALECT", dialect ? dialect : "");
	list[used++] = variable("POLYTASK_KIND", kind ? kind : "");
	list[used++] = variable("POLYTASK_ATTEMPT", number);
	list[used++] = variable("POLYTASK_PROGRESS_FD", "3");
	*own = used;
	for (size_t i = 0; i < count; i++) {
		bool replaced = strncmp(environ[i], "POLYTASK_TOKEN=", 15) == 0;

		for (size_t j = 0; j < *own && !replaced; j++)
			replaced = strncmp(environ[i], list[j], strcspn(list[j], "=") + 1) == 0;
		if (!replaced)
			list[used++] = environ[i];
	}
	return list;
}
