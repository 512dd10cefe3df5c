#include "sys/conf_load.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tz.h"

bool conf_load_add_override(struct conf_source *source, const char *text)
{
	if (source->override_count == CONF_LOAD_OVERRIDES_MAX)
		return false;
	source->overrides[source->override_count++] = text;
	return true;
}

static bool set_option(struct conf *conf, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char *name;
	bool ok;

	if (!equals)
		return err_set(err, ERR_INVALID, NULL, "%s is not name=value", text);
	name = strndup(text, (size_t)(equals - text));
	ok = name ? conf_set(conf, name, equals + 1, err) : err_no_memory(err);
	free(name);
	return ok;
}

static bool check(const struct conf *conf, struct err *err)
{
	enum log_level level;

	if (!tz_exists(conf->zone))
		return err_set(err, ERR_INVALID, "zone",
			"zone: this system has no time zone called %s", conf->zone);
	return log_level_parse(&level, conf->log_level) ||
	       err_set(err, ERR_INVALID, "log_level",
		       "log_level must be debug, info, warn or error");
}

bool conf_load(const struct conf_source *source, struct conf *conf, struct err *err)
{
	const char *path = source->path ? source->path : POLYTASK_CONFFILE;
	struct conf read;

	conf_defaults(&read);
	if ((source->path || access(path, F_OK) == 0) && !conf_read(&read, path, err))
		return false;
	for (size_t i = 0; i < source->override_count; i++) {
		if (!set_option(&read, source->overrides[i], err))
			return false;
	}
	if (!check(&read, err))
		return false;
	*conf = read;
	return true;
}

/* Sets an option of `to` to the value that it has in the printed table of another. */
static void copy_option(struct conf *to, const char *printed, const char *name)
{
	struct buf head = BUF_INIT, value = BUF_INIT;
	const char *line;
	struct err err;

	buf_printf(&head, "\n%s = ", name);
	buf_putc(&head, '\0');
	line = buf_ok(&head) ? strstr(printed, head.data) : NULL;
	if (line) {
		line += head.len - 1;
		buf_put(&value, line, strcspn(line, "\n"));
		buf_putc(&value, '\0');
	}
	if (line && buf_ok(&value))
		conf_set(to, name, value.data, &err);
	buf_free(&head);
	buf_free(&value);
}

static bool keep_startup_options(const struct conf *before, struct conf *after, struct err *err)
{
	struct buf names = BUF_INIT, printed = BUF_INIT;
	char *rest, *name;
	bool ok;

	conf_restart_changes(before, after, &names);
	if (names.len > 0)
		log_warn("reload", "these take effect at the next start: %.*s",
			STR_ARGS(buf_str(&names)));
	buf_putc(&names, '\0');
	conf_print(before, &printed);
	buf_putc(&printed, '\0');
	ok = buf_ok(&names) && buf_ok(&printed);
	rest = ok ? names.data : NULL;
	while ((name = strsep(&rest, ",")) != NULL)
		copy_option(after, printed.data, name + strspn(name, " "));
	buf_free(&names);
	buf_free(&printed);
	return ok || err_no_memory(err);
}

bool conf_load_reload(struct conf *conf, void *data, struct err *err)
{
	struct conf fresh;

	if (!conf_load(data, &fresh, err) || !keep_startup_options(conf, &fresh, err))
		return false;
	*conf = fresh;
	return true;
}
