#include "import/partial_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/json.h"
#include "import/folder.h"

/* A JSON string may have 6 bytes for one of a validator. */
#define STATE_MAX (12 * PARTIAL_VALIDATOR_SIZE + 1024)
#define BOOT_SIZE 64
#define NAME_SIZE (ID_TEXT_LEN + sizeof(".state"))

static void state_name(const struct partial *partial, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s.state", partial->name);
}

/* Reads a small file; empty if it cannot be read, or is not a plain file. */
static struct str read_small(int folder, const char *name, char *text, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat info;
	ssize_t got = -1;

	if (fd < 0)
		return STR_NULL;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		got = read(fd, text, size);
	close(fd);
	return got > 0 ? (struct str){ text, (size_t)got } : STR_NULL;
}

/* Empty if it is not known: then it is the same for all boots. */
static struct str boot_id(char text[BOOT_SIZE])
{
	struct str line = read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, BOOT_SIZE);

	return str_trim(str_split_next(&line, '\n'));
}

static bool member_is(const json_t *json, const char *name, struct str expected)
{
	const json_t *member = json_object_get(json, name);

	return json_is_string(member) && str_eq(json_str(member), expected);
}

/* False if it is missing or too long. */
static bool take_text(char text[PARTIAL_VALIDATOR_SIZE], const json_t *json, const char *name)
{
	const char *found = json_string_value(json_object_get(json, name));

	if (!found || strlen(found) >= PARTIAL_VALIDATOR_SIZE)
		return false;
	snprintf(text, PARTIAL_VALIDATOR_SIZE, "%s", found);
	return true;
}

static bool take_members(struct partial *partial, const json_t *json)
{
	struct partial_version version = { 0 };
	const char *target = json_string_value(json_object_get(json, "target"));
	const json_t *total = json_object_get(json, "total");
	char boot[BOOT_SIZE];

	if (!member_is(json, "url", str_cstr(partial->url_digest)) ||
		!member_is(json, "boot", boot_id(boot)) ||
		!take_text(version.validator, json, "validator") || !*version.validator ||
		!take_text(version.other, json, "other") || !target ||
		strlen(target) != DIGEST_SHA256_LEN ||
		(json_is_integer(total) && json_integer_value(total) < 0))
		return false;
	partial->version = version;
	snprintf(partial->target, sizeof(partial->target), "%s", target);
	partial->total = json_is_integer(total) ? (uint64_t)json_integer_value(total)
						: PARTIAL_TOTAL_UNKNOWN;
	return true;
}

bool partial_state_read(struct partial *partial)
{
	char name[NAME_SIZE], bytes[STATE_MAX];
	json_t *json = NULL;
	struct err ignored;
	struct str text;
	bool ok;

	state_name(partial, name);
	text = read_small(partial->folder, name, bytes, sizeof(bytes));
	ok = text.len > 0 && json_parse_object(&json, text, &ignored) &&
	     take_members(partial, json);
	json_decref(json);
	return ok;
}

static void put_state(const struct partial *partial, struct buf *out)
{
	char boot[BOOT_SIZE];

	buf_printf(out, "{\"url\":\"%s\",\"target\":\"%s\",\"validator\":", partial->url_digest,
		partial->target);
	buf_put_json_string(out, str_cstr(partial->version.validator));
	buf_puts(out, ",\"other\":");
	buf_put_json_string(out, str_cstr(partial->version.other));
	buf_puts(out, ",\"total\":");
	if (partial->total == PARTIAL_TOTAL_UNKNOWN)
		buf_puts(out, "null");
	else
		buf_put_number(out, (int64_t)partial->total);
	buf_puts(out, ",\"boot\":");
	buf_put_json_string(out, boot_id(boot));
	buf_puts(out, "}\n");
}

bool partial_state_write(const struct partial *partial, struct err *err)
{
	struct buf text = BUF_INIT;
	char name[NAME_SIZE];
	bool ok = false;
	int fd = -1;

	put_state(partial, &text);
	if (!buf_ok(&text)) {
		err_no_memory(err);
		goto out;
	}
	state_name(partial, name);
	partial_state_remove(partial);
	fd = openat(partial->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	/* A state that was written in part is not JSON, and then counts as none. */
	ok = (fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len) ||
	     folder_fail("The state of the partial file cannot be written", err);
out:
	if (fd >= 0)
		close(fd);
	buf_free(&text);
	return ok;
}

void partial_state_remove(const struct partial *partial)
{
	char name[NAME_SIZE];

	state_name(partial, name);
	unlinkat(partial->folder, name, 0);
}
