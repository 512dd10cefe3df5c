/*
 * The logs name the data folder by a relative path: a copy of a home never leads to the original.
 */
#include <db.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fixture.h"

#define TASKS	  20
#define FILES_MAX 32
#define PATH_LEN  512

static void make_path(char path[PATH_LEN], const char *name, const char *rest)
{
	snprintf(path, PATH_LEN, "%s/%s/%s", check_temp_dir(), name, rest);
}

static struct buf read_file(const char *folder, const char *name)
{
	struct buf content = BUF_INIT;
	char path[PATH_LEN * 2], *bytes;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	bytes = check_read_file(path, &size);
	assert_non_null(bytes);
	buf_put(&content, bytes, size);
	free(bytes);
	assert_true(buf_ok(&content));
	return content;
}

static void write_file(const char *folder, const char *name, const struct buf *content)
{
	char path[PATH_LEN * 2];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(content->data, 1, content->len, file), content->len);
	fclose(file);
}

/* Calls take with each file of a folder. */
static void each_file(
	const char *folder, void (*take)(const char *, const char *, void *), void *data)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;

	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] != '.')
			take(folder, entry->d_name, data);
	}
	closedir(entries);
}

static struct store *open_home(const char *home, const char *regions)
{
	struct store_options options = fixture_options(STORE_RECOVER, "none");
	char home_path[PATH_LEN], regions_path[PATH_LEN];

	make_path(home_path, home, "home");
	make_path(regions_path, regions, "regions");
	options.home = home_path;
	options.regions = regions_path;
	return fixture_open(&options);
}

static struct store *fill(const char *name)
{
	struct store *store = open_home(name, name);
	struct err err = { 0 };

	for (unsigned i = 0; i < TASKS; i++)
		fixture_create(store, i, "new", "\"a\"");
	must(store_flush(store, &err), &err);
	return store;
}

/* ---- a copy beside a running instance ---- */

static void expect_no_path(const char *folder, const char *name, void *data)
{
	struct buf content = read_file(folder, name);
	const char *path = check_temp_dir();

	(void)data;
	assert_null(memmem(content.data, content.len, path, strlen(path)));
	buf_free(&content);
}

static void logs_have_no_absolute_path(void **state)
{
	struct store *store = fill("relative");
	char folder[PATH_LEN];

	(void)state;
	make_path(folder, "relative", "home/log");
	each_file(folder, expect_no_path, NULL);
	store_close(store);
}

struct snapshot {
	size_t count;
	struct {
		char name[64];
		ino_t inode;
		struct buf content;
	} files[FILES_MAX];
};

static void take_file(const char *folder, const char *name, void *data)
{
	struct snapshot *snapshot = data;
	char path[PATH_LEN * 2];
	struct stat info;

	assert_in_range(snapshot->count, 0, FILES_MAX - 1);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &info), 0);
	snprintf(snapshot->files[snapshot->count].name, 64, "%s", name);
	snapshot->files[snapshot->count].inode = info.st_ino;
	snapshot->files[snapshot->count++].content = read_file(folder, name);
}

static void expect_same(const char *folder, const char *name, void *data)
{
	struct snapshot *snapshot = data, now = { 0 };

	take_file(folder, name, &now);
	for (size_t i = 0; i < snapshot->count; i++) {
		if (strcmp(snapshot->files[i].name, name) != 0)
			continue;
		assert_int_equal(now.files[0].inode, snapshot->files[i].inode);
		assert_int_equal(now.files[0].content.len, snapshot->files[i].content.len);
		assert_memory_equal(now.files[0].content.data, snapshot->files[i].content.data,
			now.files[0].content.len);
		buf_free(&snapshot->files[i].content);
		buf_free(&now.files[0].content);
		return;
	}
	fail_msg("new file %s", name);
}

static void copy_file(const char *folder, const char *name, void *data)
{
	struct buf content = read_file(folder, name);

	write_file(data, name, &content);
	buf_free(&content);
}

/* Catastrophic recovery, as db5.3_recover -c does it. */
static void recover_from_logs(const char *home)
{
	DB_ENV *env;

	assert_int_equal(db_env_create(&env, 0), 0);
	assert_int_equal(env->set_lg_dir(env, "log"), 0);
	assert_int_equal(env->set_data_dir(env, "data"), 0);
	assert_int_equal(env->open(env, home,
				 DB_CREATE | DB_PRIVATE | DB_RECOVER_FATAL | DB_INIT_TXN |
					 DB_INIT_LOCK | DB_INIT_LOG | DB_INIT_MPOOL,
				 0600),
		0);
	env->close(env, 0);
}

static void recovery_of_a_copy_leaves_the_original_alone(void **state)
{
	struct store *live = fill("live"), *copy;
	struct snapshot before = { 0 };
	char folder[PATH_LEN], log[PATH_LEN], data[PATH_LEN];

	(void)state;
	make_path(data, "live", "home/data");
	each_file(data, take_file, &before);
	assert_true(before.count > 0);
	make_path(folder, "copy", "");
	assert_int_equal(mkdir(folder, 0700), 0);
	make_path(folder, "copy", "home");
	assert_int_equal(mkdir(folder, 0700), 0);
	make_path(log, "copy", "home/data");
	assert_int_equal(mkdir(log, 0700), 0);
	make_path(log, "copy", "home/log");
	assert_int_equal(mkdir(log, 0700), 0);
	make_path(data, "live", "home/log");
	each_file(data, copy_file, log);
	recover_from_logs(folder);

	make_path(data, "live", "home/data");
	each_file(data, expect_same, &before);
	copy = open_home("copy", "copy");
	fixture_verify(copy, TASKS);
	store_close(copy);
	store_close(live);
	live = open_home("live", "live");
	fixture_verify(live, TASKS);
	store_close(live);
}

/* Creates a database as builds with absolute folders did. */
static void create_with_absolute_path(const char *home, const char *data)
{
	DB_ENV *env;
	DB *db;

	assert_int_equal(db_env_create(&env, 0), 0);
	assert_int_equal(env->set_lg_dir(env, "log"), 0);
	assert_int_equal(env->set_data_dir(env, data), 0);
	assert_int_equal(env->set_create_dir(env, data), 0);
	assert_int_equal(env->open(env, home,
				 DB_CREATE | DB_PRIVATE | DB_INIT_TXN | DB_INIT_LOCK | DB_INIT_LOG |
					 DB_INIT_MPOOL,
				 0600),
		0);
	assert_int_equal(db_create(&db, env, 0), 0);
	assert_int_equal(
		db->open(db, NULL, "old.db", NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT, 0600), 0);
	db->close(db, 0);
	env->close(env, 0);
}

static void logs_of_an_older_build_are_not_restored(void **state)
{
	struct store_options options = fixture_options(STORE_RESTORE, "older");
	char folder[PATH_LEN], data[PATH_LEN];
	struct store *store;
	struct err err = { 0 };

	(void)state;
	make_path(folder, "older", "");
	assert_int_equal(mkdir(folder, 0700), 0);
	make_path(folder, "older", "home");
	assert_int_equal(mkdir(folder, 0700), 0);
	make_path(data, "older", "home/log");
	assert_int_equal(mkdir(data, 0700), 0);
	make_path(data, "older", "home/data");
	assert_int_equal(mkdir(data, 0700), 0);
	create_with_absolute_path(folder, data);
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err_text(&err), "log 1 was written by an older build"));
}

/* ---- links ---- */

static void home_can_be_moved(void **state)
{
	char old[PATH_LEN], new[PATH_LEN];
	struct store *store = fill("old");

	(void)state;
	store_close(store);
	make_path(old, "old", "home");
	make_path(new, "new", "");
	assert_int_equal(mkdir(new, 0700), 0);
	make_path(new, "new", "home");
	assert_int_equal(rename(old, new), 0);
	store = open_home("new", "old");
	fixture_verify(store, TASKS);
	store_close(store);
	assert_int_not_equal(access(old, F_OK), 0);
}

static void home_and_regions_may_be_one_folder(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "one");
	struct err err = { 0 };
	struct store *store;

	(void)state;
	options.regions = options.home;
	store = fixture_open(&options);
	fixture_create(store, 1, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(&options);
	fixture_verify(store, 1);
	store_close(store);
}

static void folder_in_place_of_a_link_is_refused(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "blocked");
	char path[PATH_LEN];
	struct store *store;
	struct err err = { 0 };

	(void)state;
	store_close(fixture_open(&options));
	make_path(path, "blocked", "regions/data");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err_text(&err), "'data' in the folder of the regions"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(logs_have_no_absolute_path),
		CHECK(recovery_of_a_copy_leaves_the_original_alone),
		CHECK(logs_of_an_older_build_are_not_restored),
		CHECK(home_can_be_moved),
		CHECK(home_and_regions_may_be_one_folder),
		CHECK(folder_in_place_of_a_link_is_refused),
	};

	return CHECK_RUN(tests);
}
