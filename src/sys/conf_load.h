#pragma once
/*
 * Where a program's configuration comes from: the defaults, a file over them, the command line over
 * that.
 */
#include "base/conf.h"

#define CONF_LOAD_OVERRIDES_MAX 32

struct conf_source {
	const char *path; /* NULL: the installed file, if it is there */
	const char *overrides[CONF_LOAD_OVERRIDES_MAX]; /* "name=value" */
	size_t override_count;
};

/* False when there are too many. */
bool conf_load_add_override(struct conf_source *source, const char *text);
bool conf_load(const struct conf_source *source, struct conf *conf, struct err *err);
/*
 * Reads again over what is in use; data is the struct conf_source. Options that take effect only at a
 * restart keep their values, with a warning that names them.
 */
bool conf_load_reload(struct conf *conf, void *data, struct err *err);
