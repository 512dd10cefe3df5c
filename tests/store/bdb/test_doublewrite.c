/* Pages torn by a power cut while they are written in place come back from the doublewrite file. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/bdb/doublewrite.h"
#include "store/bdb/page.h"
#include "store/fixture.h"

#define TASKS	 600
#define SECTOR	 512
#define SECTORS	 (BDB_PAGE_SIZE / SECTOR)
#define PATH_LEN 512
#define ROUNDS	 12

/* ---- homes as they are after a cut ---- */

static void make_path(char path[PATH_LEN], const char *home, const char *folder, const char *name)
{
	snprintf(path, PATH_LEN, "%s/%s/home/%s/%s", check_temp_dir(), home, folder, name);
}

static void copy_file(const char *from, const char *to)
{
	size_t size;
	char *bytes = check_read_file(from, &size);
	FILE *copy = fopen(to, "w");

	assert_non_null(bytes);
	assert_non_null(copy);
	assert_int_equal(fwrite(bytes, 1, size, copy), size);
	fclose(copy);
	free(bytes);
}

static void each_file(const char *home, const char *folder,
	void (*take)(const char *name, void *data), void *data)
{
	char path[PATH_LEN];
	struct dirent *entry;
	DIR *files;

	make_path(path, home, folder, "");
	files = opendir(path);
	assert_non_null(files);
	while ((entry = readdir(files))) {
		if (entry->d_name[0] != '.')
			take(entry->d_name, data);
	}
	closedir(files);
}

struct copy {
	const char *from, *to, *folder;
};

static void copy_one(const char *name, void *data)
{
	const struct copy *copy = data;
	char from[PATH_LEN], to[PATH_LEN];

	make_path(from, copy->from, copy->folder, name);
	make_path(to, copy->to, copy->folder, name);
	copy_file(from, to);
}

static void copy_folder(const char *from, const char *to, const char *folder)
{
	struct copy copy = { from, to, folder };
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), to);
	mkdir(path, 0700);
	make_path(path, to, "", "");
	mkdir(path, 0700);
	make_path(path, to, folder, "");
	mkdir(path, 0700);
	each_file(from, folder, copy_one, &copy);
}

/* Which sectors of a page that was being written have reached the disk. */
static bool is_new(int cut, unsigned sector)
{
	if (cut == 0)
		return random() % 2;
	return cut > 0 ? sector < (unsigned)cut : sector >= (unsigned)-cut;
}

struct tear {
	const char *old, *new, *to;
	int cut;
	unsigned pages;
};

static void tear_file(const char *name, void *data)
{
	struct tear *tear = data;
	char path[PATH_LEN];
	size_t old_size, new_size;
	char *old, *new;
	FILE *torn;

	if (strcmp(name, DOUBLEWRITE_NAME) == 0)
		return;
	make_path(path, tear->old, "data", name);
	old = check_read_file(path, &old_size);
	make_path(path, tear->new, "data", name);
	new = check_read_file(path, &new_size);
	assert_non_null(old);
	assert_non_null(new);
	for (size_t at = 0; at + SECTOR <= old_size && at + SECTOR <= new_size; at += SECTOR) {
		if (memcmp(old + at, new + at, SECTOR) == 0)
			continue;
		if (!is_new(tear->cut, (at / SECTOR) % SECTORS))
			memcpy(new + at, old + at, SECTOR);
		tear->pages++;
	}
	make_path(path, tear->to, "data", name);
	torn = fopen(path, "w");
	assert_non_null(torn);
	assert_int_equal(fwrite(new, 1, new_size, torn), new_size);
	fclose(torn);
	free(old);
	free(new);
}

/* ---- cuts while pages are written in place ---- */

static struct store *open_home(const char *home)
{
	struct store_options options = fixture_options(STORE_RECOVER, home);

	options.expected_tasks = 2000;
	return fixture_open(&options);
}

static void change_all(struct store *store, const char *status)
{
	struct err err;

	for (unsigned n = 1; n <= TASKS; n++) {
		struct op op = fixture_op(OP_UPDATE, n);

		op.change.status = (struct str){ status, strlen(status) };
		assert_code(fixture_error(store, &op), ERR_NONE);
	}
	must(store_flush(store, &err), &err);
}

/* `old`: before a checkpoint; `new`: after it. The log is the one before it. */
static void make_homes(void)
{
	struct store *store = open_home("live");
	struct err err;

	for (unsigned n = 1; n <= TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	change_all(store, "changed");
	copy_folder("live", "old", "data");
	copy_folder("live", "old", "log");
	must(store_checkpoint(store, false, NULL, &err), &err);
	copy_folder("live", "new", "data");
	store_close(store);
}

static void check_torn(int cut)
{
	struct tear tear = { .old = "old", .new = "new", .to = "torn", .cut = cut };
	struct op list = fixture_list(BY_STATUS, "changed");
	char text[64];
	struct store *store;

	copy_folder("new", "torn", "data");
	copy_folder("old", "torn", "log");
	each_file("new", "data", tear_file, &tear);
	assert_true(tear.pages > 50);
	expect_log("pages-restored");
	store = open_home("torn");
	list.list.limit = 1;
	list.list.want_total = true;
	assert_int_equal(fixture_rows(store, &list, text, sizeof(text)), TASKS);
	fixture_verify(store, TASKS);
	store_close(store);
}

static void torn_pages_are_restored(void **state)
{
	(void)state;
	make_homes();
	for (int cut = -(SECTORS - 1); cut < SECTORS; cut++)
		check_torn(cut);
}

/* ---- kills ---- */

static void change_for_ever(const char *home)
{
	struct store_options options = fixture_options(STORE_ATTACH, home);
	struct store *store = fixture_open(&options);
	struct err err;

	for (unsigned round = 0;; round++) {
		change_all(store, round % 2 ? "odd" : "even");
		must(store_checkpoint(store, true, NULL, &err), &err);
	}
}

static void kills_lose_nothing(void **state)
{
	struct store *store = open_home("killed");
	struct err err;

	(void)state;
	for (unsigned n = 1; n <= TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_flush(store, &err), &err);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid;

		store_close(store);
		pid = fork();
		if (pid == 0)
			change_for_ever("killed");
		assert_true(pid > 0);
		usleep((unsigned)(20000 + random() % 80000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		store = open_home("killed");
		fixture_verify(store, TASKS);
	}
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(torn_pages_are_restored),
		CHECK(kills_lose_nothing),
	};

	return CHECK_RUN(tests);
}
