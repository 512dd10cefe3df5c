#include "admin/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/date.h"
#include "base/encode.h"
#include "http/json.h"

#define FORMAT	     1
#define MANIFEST_MAX ((size_t)16 << 20)
#define SUM_SIZE     (2 * 32 + 1)
#define READ_SIZE    ((size_t)1 << 20)

bool manifest_open(struct manifest *manifest, struct err *err)
{
	*manifest = (struct manifest){ .rows = json_object(), .files = json_object() };
	if (manifest->rows && manifest->files)
		return true;
	manifest_close(manifest);
	return err_no_memory(err);
}

void manifest_close(struct manifest *manifest)
{
	json_decref(manifest->rows);
	json_decref(manifest->files);
	manifest->rows = manifest->files = NULL;
}

/* ---- sums ---- */

static bool digest_fd(int fd, uint64_t size, EVP_MD_CTX *context, uint64_t *done)
{
	unsigned char *bytes = malloc(READ_SIZE);
	ssize_t got = bytes ? 1 : -1;

	*done = 0;
	while (got > 0 && *done < size) {
		uint64_t left = size - *done;

		got = read(fd, bytes, left < READ_SIZE ? (size_t)left : READ_SIZE);
		if (got > 0 && EVP_DigestUpdate(context, bytes, (size_t)got) != 1)
			got = -1;
		if (got > 0)
			*done += (uint64_t)got;
	}
	free(bytes);
	return got >= 0;
}

/* SHA-256 of the first *size bytes; sets *size to the bytes that were read. */
static bool digest(
	int folder, const char *name, uint64_t *size, char sum[SUM_SIZE], struct err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = fd >= 0 && context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  digest_fd(fd, *size, context, size) &&
		  EVP_DigestFinal_ex(context, hash, &len) == 1;

	if (ok)
		hex_encode(sum, hash, len);
	else
		err_set(err, ERR_DAMAGED, NULL, "%s cannot be read: %s", name, strerror(errno));
	EVP_MD_CTX_free(context);
	if (fd >= 0)
		close(fd);
	return ok;
}

bool manifest_add_file(
	struct manifest *manifest, int folder, const char *name, uint64_t size, struct err *err)
{
	char sum[SUM_SIZE];

	if (!digest(folder, name, &size, sum, err))
		return false;
	return json_object_set_new(manifest->files, name,
		       json_pack("{s:I,s:s}", "size", (json_int_t)size, "sha256", sum)) == 0 ||
	       err_no_memory(err);
}

bool manifest_file_size(const struct manifest *manifest, const char *entry, uint64_t *size)
{
	const json_t *found = json_object_get(json_object_get(manifest->files, entry), "size");

	*size = (uint64_t)json_integer_value(found);
	return json_is_integer(found);
}

bool manifest_check_file(const struct manifest *manifest, const char *entry, int folder,
	const char *name, struct err *err)
{
	const json_t *file = json_object_get(manifest->files, entry);
	const char *wanted = json_string_value(json_object_get(file, "sha256"));
	uint64_t size, found;
	char sum[SUM_SIZE];

	if (!manifest_file_size(manifest, entry, &size) || !wanted)
		return err_set(err, ERR_DAMAGED, NULL, "the manifest has no sum of %s", entry);
	found = size;
	if (!digest(folder, name, &found, sum, err))
		return false;
	return (found == size && strcmp(sum, wanted) == 0) ||
	       err_set(err, ERR_DAMAGED, NULL, "%s differs from the sum in the manifest", entry);
}

bool manifest_check_files(const struct manifest *manifest, int folder, struct err *err)
{
	const char *name;
	json_t *file;

	json_object_foreach (manifest->files, name, file) {
		if (!manifest_check_file(manifest, name, folder, name, err))
			return false;
	}
	return true;
}

uint64_t manifest_bytes(const struct manifest *manifest)
{
	uint64_t sum = 0, size;
	const char *entry;
	json_t *file;

	json_object_foreach (manifest->files, entry, file) {
		if (manifest_file_size(manifest, entry, &size))
			sum += size;
	}
	return sum;
}

bool manifest_take_count(const char *table, uint64_t rows, void *data)
{
	struct manifest *manifest = data;

	return json_object_set_new(manifest->rows, table, json_integer((json_int_t)rows)) == 0;
}

/* ---- the file ---- */

static bool read_time(const json_t *json, const char *name, int64_t *ms)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text && date_parse(ms, str_cstr(text));
}

/* Names lead nowhere but to the two folders. */
static bool are_names_safe(const json_t *files)
{
	const char *name;
	json_t *file;

	json_object_foreach ((json_t *)(uintptr_t)files, name, file) {
		const char *slash = strchr(name, '/');
		bool known = strncmp(name, "data/", 5) == 0 || strncmp(name, "log/", 4) == 0;

		if (!known || !slash[1] || slash[1] == '.' || strchr(slash + 1, '/'))
			return false;
	}
	return true;
}

static bool read_members(struct manifest *manifest, json_t *json, struct err *err)
{
	json_int_t format = 0, first = 0, last = 0, bytes = 0, tasks = 0;
	json_t *rows, *files;

	if (json_unpack(json, "{s:I}", "format", &format) != 0 || format != FORMAT)
		return err_set(err, ERR_INVALID, NULL,
			"the backup has format %" JSON_INTEGER_FORMAT
			", which this version cannot read",
			format);
	if (json_unpack(json, "{s:I,s:I,s:I,s:I,s:o,s:o}", "first_log", &first, "last_log", &last,
		    "last_bytes", &bytes, "tasks", &tasks, "rows", &rows, "files", &files) != 0 ||
		!json_is_object(rows) || !json_is_object(files) || !are_names_safe(files) ||
		!read_time(json, "begin", &manifest->begin) ||
		!read_time(json, "earliest", &manifest->earliest) ||
		!read_time(json, "end", &manifest->end))
		return err_set(err, ERR_DAMAGED, NULL, MANIFEST_NAME " is not a manifest");
	manifest->position = (struct store_position){ (uint64_t)first, (uint64_t)last,
		(uint64_t)bytes };
	manifest->tasks = (uint64_t)tasks;
	manifest->rows = json_incref(rows);
	manifest->files = json_incref(files);
	return true;
}

bool manifest_read(struct manifest *manifest, int folder, struct err *err)
{
	struct buf text = BUF_INIT;
	json_t *json = NULL;
	bool ok = file_read(folder, MANIFEST_NAME, MANIFEST_MAX, &text, err);

	*manifest = (struct manifest){ 0 };
	if (ok && !json_parse_trusted(&json, buf_str(&text), err))
		ok = err_set(err, ERR_DAMAGED, NULL, MANIFEST_NAME " is not JSON");
	ok = ok && read_members(manifest, json, err);
	json_decref(json);
	buf_free(&text);
	return ok;
}

static void put_time(struct buf *text, const char *name, int64_t ms)
{
	buf_printf(text, ",\"%s\":\"", name);
	date_put(ms, text);
	buf_putc(text, '"');
}

bool manifest_write(const struct manifest *manifest, int folder, struct err *err)
{
	const struct store_position *position = &manifest->position;
	struct buf text = BUF_INIT;
	bool ok;

	buf_printf(&text, "{\"format\":%d,\"program\":\"" POLYTASK_VERSION "\"", FORMAT);
	put_time(&text, "begin", manifest->begin);
	put_time(&text, "earliest", manifest->earliest);
	put_time(&text, "end", manifest->end);
	buf_printf(&text,
		",\n\"first_log\":%" PRIu64 ",\"last_log\":%" PRIu64 ",\"last_bytes\":%" PRIu64,
		position->first_log, position->last_log, position->last_bytes);
	buf_printf(&text, ",\"tasks\":%" PRIu64 ",\n\"rows\":", manifest->tasks);
	json_put(&text, manifest->rows);
	buf_puts(&text, ",\n\"files\":");
	json_put(&text, manifest->files);
	buf_puts(&text, "}\n");
	ok = buf_ok(&text) ? file_write(folder, MANIFEST_NAME, buf_str(&text), err)
			   : err_no_memory(err);
	buf_free(&text);
	return ok;
}
