#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/option.h"

struct reader {
	const struct option_table *table;
	void *values;
	struct err *err;
	const char *only; /* the one option to set, whatever the rest of the file; NULL: all */
	FILE *file;
	int line;
	bool failed;
};

/*
 * inih takes an indented line for a continuation of the option before it, and cuts a long line.
 * Both would silently change a path, so both are errors here.
 */
static char *read_line(char *text, int size, void *user)
{
	struct reader *reader = user;
	size_t len;

	if (reader->failed || !fgets(text, size, reader->file))
		return NULL;
	reader->line++;
	len = strlen(text);
	if ((text[0] == ' ' || text[0] == '\t') && strspn(text, " \t\r\n") < len) {
		err_set(reader->err, ERR_INVALID, "config", "a line may not be indented");
		reader->failed = true;
	} else if (len + 1 == (size_t)size && text[len - 1] != '\n') {
		err_set(reader->err, ERR_INVALID, "config", "a line may have at most %d bytes",
			size - 2);
		reader->failed = true;
	}
	return reader->failed ? NULL : text;
}

static int handle_option(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	if (reader->failed)
		return 0;
	if (reader->only) {
		if (strcmp(name, reader->only) == 0)
			option_set(reader->table, reader->values, name, value, reader->err);
		return 1;
	}
	if (*section) {
		err_set(reader->err, ERR_INVALID, section, "sections are not used: [%s]", section);
		reader->failed = true;
	} else if (!option_set(reader->table, reader->values, name, value, reader->err)) {
		reader->failed = true;
	}
	return !reader->failed;
}

static bool read_stream(struct reader *reader, const char *path)
{
	struct err *err = reader->err;
	int line = ini_parse_stream(read_line, reader, handle_option, reader);

	if (reader->failed) {
		struct err first = *err;

		return err_set(err, ERR_INVALID, first.field, "%s, line %d: %s", path, reader->line,
			first.text);
	}
	if (line != 0)
		return err_set(
			err, ERR_INVALID, "config", "%s, line %d: not `name = value`", path, line);
	return true;
}

/* A directory can be opened, and reads as an empty file. NULL with errno set: it cannot be read. */
static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (!file || fstat(fileno(file), &status) != 0 || !S_ISDIR(status.st_mode))
		return file;
	fclose(file);
	errno = EISDIR;
	return NULL;
}

bool option_read_file(
	const struct option_table *table, void *values, const char *path, struct err *err)
{
	struct reader reader = {
		.table = table, .values = values, .err = err, .file = open_file(path)
	};
	bool read;

	if (!reader.file)
		return err_set(err, errno == EACCES ? ERR_FORBIDDEN : ERR_INVALID, "config",
			"%s cannot be read: %s", path, strerror(errno));
	read = read_stream(&reader, path);
	fclose(reader.file);
	return read;
}

bool option_read_one(
	const struct option_table *table, void *values, const char *path, const char *name)
{
	struct err ignored;
	struct reader reader = { .table = table,
		.values = values,
		.err = &ignored,
		.only = name,
		.file = open_file(path) };

	if (!reader.file)
		return false;
	read_stream(&reader, path);
	fclose(reader.file);
	return true;
}
