/* The manifest of a backup: what it describes, and what is refused. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/manifest.h"
#include "lib/check.h"

/* A backup with one data file and one log. */
static int make_backup(const char *name, struct manifest *manifest)
{
	struct err err = { 0 };
	char path[512];
	int folder, data, log;

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), name);
	assert_int_equal(mkdir(path, 0700), 0);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	data = file_open_folder(folder, "data", true, &err);
	log = file_open_folder(folder, "log", true, &err);
	must(file_write(data, "tasks.db", STR("pages"), &err), &err);
	must(file_write(log, "log.0000000003", STR("records"), &err), &err);
	must(manifest_open(manifest, &err), &err);
	must(manifest_add_file(manifest, folder, "data/tasks.db", FILE_WHOLE, &err), &err);
	must(manifest_add_file(manifest, folder, "log/log.0000000003", 6, &err), &err);
	assert_true(manifest_take_count("users", 7, manifest));
	manifest->begin = 1000;
	manifest->earliest = 2000;
	manifest->end = 3500;
	manifest->tasks = 20;
	manifest->position = (struct store_position){ 3, 3, 6 };
	must(manifest_write(manifest, folder, &err), &err);
	close(data);
	close(log);
	return folder;
}

static void manifest_is_read_as_written(void **state)
{
	struct manifest written, read;
	int folder = make_backup("written", &written);
	struct err err = { 0 };
	uint64_t size;

	(void)state;
	must(manifest_read(&read, folder, &err), &err);
	assert_int_equal(read.begin, 1000);
	assert_int_equal(read.earliest, 2000);
	assert_int_equal(read.end, 3500);
	assert_int_equal(read.tasks, 20);
	assert_int_equal(read.position.first_log, 3);
	assert_int_equal(read.position.last_log, 3);
	assert_int_equal(read.position.last_bytes, 6);
	assert_true(json_equal(read.rows, written.rows));
	assert_true(json_equal(read.files, written.files));
	assert_true(manifest_file_size(&read, "log/log.0000000003", &size));
	assert_int_equal(size, 6);
	must(manifest_check_files(&read, folder, &err), &err);
	manifest_close(&read);
	manifest_close(&written);
	close(folder);
}

static void altered_file_is_found(void **state)
{
	struct manifest manifest;
	int folder = make_backup("altered", &manifest);
	struct err err = { 0 };
	int data = file_open_folder(folder, "data", false, &err);
	int log = file_open_folder(folder, "log", false, &err);

	(void)state;
	/* A log may be longer than its entry. */
	must(file_write(log, "log.0000000003", STR("record and more"), &err), &err);
	must(manifest_check_files(&manifest, folder, &err), &err);
	must(file_write(data, "tasks.db", STR("pagez"), &err), &err);
	assert_fails(manifest_check_files(&manifest, folder, &err), &err, ERR_DAMAGED);
	must(file_write(data, "tasks.db", STR("page"), &err), &err);
	assert_fails(manifest_check_files(&manifest, folder, &err), &err, ERR_DAMAGED);
	must(file_remove(data, "tasks.db", &err), &err);
	assert_fails(manifest_check_files(&manifest, folder, &err), &err, ERR_DAMAGED);
	manifest_close(&manifest);
	close(data);
	close(log);
	close(folder);
}

#define TIMES                                                                       \
	"\"begin\":\"2026-01-31T12:00:00Z\",\"earliest\":\"2026-01-31T12:00:00Z\"," \
	"\"end\":\"2026-01-31T12:00:00Z\","
#define NUMBERS "\"first_log\":1,\"last_log\":1,\"last_bytes\":1,\"tasks\":1,\"rows\":{},"

static void unusable_manifest_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
		{ "", ERR_DAMAGED },
		{ "{}", ERR_INVALID },
		{ "{\"format\":2," TIMES NUMBERS "\"files\":{}}", ERR_INVALID },
		{ "{\"format\":1," TIMES "\"files\":{}}", ERR_DAMAGED },
		{ "{\"format\":1," NUMBERS "\"files\":{}}", ERR_DAMAGED },
		{ "{\"format\":1," TIMES NUMBERS "\"files\":{\"lock\":{}}}", ERR_DAMAGED },
		{ "{\"format\":1," TIMES NUMBERS "\"files\":{\"data/../x\":{}}}", ERR_DAMAGED },
		{ "{\"format\":1," TIMES NUMBERS "\"files\":{\"data/\":{}}}", ERR_DAMAGED },
		{ "{\"format\":1," TIMES NUMBERS "\"files\":{\"/data/x\":{}}}", ERR_DAMAGED },
	};
	struct manifest manifest;
	int folder = make_backup("unusable", &manifest);
	struct err err = { 0 };

	(void)state;
	manifest_close(&manifest);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		must(file_write(folder, MANIFEST_NAME, str_cstr(cases[i].text), &err), &err);
		assert_fails(manifest_read(&manifest, folder, &err), &err, cases[i].code);
	}
	must(file_remove(folder, MANIFEST_NAME, &err), &err);
	assert_fails(manifest_read(&manifest, folder, &err), &err, ERR_NOT_FOUND);
	close(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(manifest_is_read_as_written),
		CHECK(altered_file_is_found),
		CHECK(unusable_manifest_is_refused),
	};

	return CHECK_RUN(tests);
}
