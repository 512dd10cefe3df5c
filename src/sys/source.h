#pragma once
/*
 * Where a program's configuration comes from: the defaults, a file over them, the command line over
 * that.
 */
#include "base/conf.h"

#define SOURCE_OVERRIDES 32

struct source {
	const char *path;			 /* NULL: the installed file, if it is there */
	const char *overrides[SOURCE_OVERRIDES]; /* "name=value" */
	size_t override_count;
};

/* False when there are too many. */
bool source_override(struct source *source, const char *text);
bool source_read(const struct source *source, struct conf *conf, struct err *err);
/*
 * Reads again over what is in use; data is the struct source. Options that take effect only at a
 * restart keep their values, with a warning that names them.
 */
bool source_reload(struct conf *conf, void *data, struct err *err);
