#include "import/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import/folder.h"

#define ENDING_MAX 16
/* Files of one task with one name and other bytes. */
#define COPIES_MAX 100

/* ---- names ---- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* Returns the index of the last dot, or name.len without a dot or if the ending is too long. */
static size_t ending_at(struct str name)
{
	for (size_t i = name.len; i > 1 && name.len - i < ENDING_MAX; i--) {
		if (name.ptr[i - 1] == '.')
			return i - 1;
	}
	return name.len;
}

void place_clean(struct str raw, char name[PLACE_NAME_MAX + 1])
{
	struct str ending = str_skip(raw, ending_at(raw));
	size_t len = 0;

	if (raw.len == 0)
		raw = STR("file");
	if (raw.len <= PLACE_NAME_MAX)
		ending = STR_NULL;
	for (size_t i = 0; i < raw.len && len < PLACE_NAME_MAX - ending.len; i++)
		name[len++] = raw.ptr[i];
	for (size_t i = 0; i < ending.len; i++)
		name[len++] = ending.ptr[i];
	name[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (!is_plain(name[i]) || (i == 0 && (name[i] == '.' || name[i] == '-')))
			name[i] = '_';
	}
}

void place_numbered(const char *name, unsigned n, char out[PLACE_FILE_SIZE])
{
	size_t stem = ending_at(str_cstr(name));

	if (n <= 1)
		snprintf(out, PLACE_FILE_SIZE, "%s", name);
	else
		snprintf(out, PLACE_FILE_SIZE, "%.*s-%u%s", (int)stem, name, n, name + stem);
}

static void file_name(const struct import_task *task, struct str url_name, char *out)
{
	char name[PLACE_NAME_MAX + 1], id[ID_TEXT_LEN + 1];

	place_clean(url_name, name);
	id_format(&task->id, id);
	if (task->number)
		snprintf(out, PLACE_FILE_SIZE, "%" PRIu64 "-%s", task->number, name);
	else
		snprintf(out, PLACE_FILE_SIZE, "%s-%s", id, name);
}

/* ---- files ---- */

static bool has_content(const struct place *place, int fd, const struct partial *partial,
	bool *same, struct err *err)
{
	struct digest digest = { 0 };
	struct digest_text text;
	struct stat info;
	bool ok = true;

	*same = false;
	if (fstat(fd, &info) != 0)
		return folder_fail("A file of that name cannot be read", err);
	if (S_ISREG(info.st_mode) && (uint64_t)info.st_size == partial->size) {
		ok = digest_start(&digest, err) &&
		     digest_add_file(&digest, fd, partial->size, place->deadline_ms, err) &&
		     digest_end(&digest, &text, err);
		*same = ok && strcmp(text.sha256, place->sha256) == 0;
		digest_free(&digest);
	}
	return ok;
}

/* Whether the existing file has the same bytes. A link or a file that cannot be opened has not. */
static bool is_same(const struct place *place, int folder, const char *name,
	const struct partial *partial, bool *same, struct err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	bool ok;

	*same = false;
	if (fd < 0)
		return true;
	ok = has_content(place, fd, partial, same, err);
	close(fd);
	return ok;
}

/* 0, or -1 with errno EEXIST if the name is taken. */
static int rename_once(const struct partial *partial, int folder, const char *name)
{
	int status = renameat2(partial->folder, partial->name, folder, name, RENAME_NOREPLACE);

	/* Some network file systems have no such rename. */
	if (status != 0 && (errno == EINVAL || errno == ENOSYS)) {
		status = linkat(partial->folder, partial->name, folder, name, 0);
		if (status == 0)
			unlinkat(partial->folder, partial->name, 0);
	}
	return status;
}

static bool rename_numbered(const struct place *place, struct partial *partial, int folder,
	const char *name, char out[PLACE_FILE_SIZE], struct err *err)
{
	for (unsigned n = 1; n <= COPIES_MAX; n++) {
		bool same;

		place_numbered(name, n, out);
		if (rename_once(partial, folder, out) == 0)
			return true;
		if (errno != EEXIST)
			return folder_fail("The file cannot be given its name", err);
		if (!is_same(place, folder, out, partial, &same, err))
			return false;
		if (same)
			return true;
	}
	return err_set(err, ERR_INTERNAL, NULL, "There are too many files of that name.");
}

bool place_file(
	const struct place *place, struct partial *partial, struct buf *path, struct err *err)
{
	char type[PLACE_NAME_MAX + 1], id[PLACE_NAME_MAX + 1];
	char name[PLACE_FILE_SIZE], found[PLACE_FILE_SIZE];
	int types = -1, ids = -1;
	bool ok = false;

	place_clean(str_cstr(place->task->attachable_type), type);
	place_clean(str_cstr(place->task->attachable_id), id);
	file_name(place->task, place->url_name, name);
	types = folder_enter(place->media, type, err);
	if (types >= 0)
		ids = folder_enter(types, id, err);
	if (ids < 0)
		goto out;
	ok = rename_numbered(place, partial, ids, name, found, err) && folder_sync(ids, err) &&
	     folder_sync(partial->folder, err);
	if (ok) {
		partial_remove(partial);
		buf_printf(path, "%s/%s/%s", type, id, found);
		ok = buf_ok(path) || err_no_memory(err);
	}
out:
	if (ids >= 0)
		close(ids);
	if (types >= 0)
		close(types);
	return ok;
}
