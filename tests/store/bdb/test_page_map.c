/* The map of the pages that have been on disk. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/check.h"
#include "store/bdb/page_map.h"

static struct page_map_file new_map(uint8_t id)
{
	struct page_map_file map = { .name = "tasks.db" };

	map.folder = open(check_temp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(map.folder >= 0);
	unlinkat(map.folder, "tasks.map", 0);
	map.id[0] = id;
	return map;
}

static void added_pages_are_found(void **state)
{
	/* The first and last bit of a byte, and of what is read at once. */
	const uint32_t pages[] = { 0, 7, 8, 9, 32767, 32768, 100000, 5000000 };
	struct page_map_file map = new_map(1);
	size_t count = sizeof(pages) / sizeof(pages[0]);
	uint32_t next = 0;

	(void)state;
	assert_false(page_map_has(&map, 0));
	assert_int_equal(page_map_next(&map, 3, 90), 90);
	page_map_add(&map, pages, count);
	for (size_t i = 0; i < count; i++) {
		next = page_map_next(&map, next, UINT32_MAX);
		assert_int_equal(next, pages[i]);
		next++;
	}
	assert_int_equal(page_map_next(&map, next, UINT32_MAX), UINT32_MAX);
	assert_int_equal(page_map_next(&map, 10, 32767), 32767);
	assert_false(page_map_has(&map, 10));
	close(map.folder);
}

static void later_pages_are_added_to_earlier_ones(void **state)
{
	const uint32_t first[] = { 3, 40000 }, second[] = { 1, 3, 4, 39999 };
	const uint32_t between[] = { 4, 5 }, behind[] = { 40000, 50000 };
	struct page_map_file map = new_map(1);

	(void)state;
	page_map_add(&map, first, 2);
	page_map_add(&map, second, 4);
	assert_true(page_map_has(&map, 1));
	assert_true(page_map_has(&map, 3));
	assert_true(page_map_has(&map, 4));
	assert_true(page_map_has(&map, 39999));
	assert_true(page_map_has(&map, 40000));
	assert_true(page_map_has_all(&map, second, 4));
	assert_false(page_map_has_all(&map, between, 2));
	assert_false(page_map_has_all(&map, behind, 2));
	assert_int_equal(page_map_next(&map, 5, 39999), 39999);
	close(map.folder);
}

static void pages_that_are_cut_off_are_removed(void **state)
{
	const uint32_t pages[] = { 2, 11, 12, 13, 700 };
	struct page_map_file map = new_map(1);

	(void)state;
	assert_int_equal(page_map_cut(&map, 12), 0);
	page_map_add(&map, pages, 5);
	assert_int_equal(page_map_cut(&map, 12), 0);
	assert_true(page_map_has(&map, 11));
	assert_int_equal(page_map_next(&map, 12, 1000), 1000);
	assert_int_equal(page_map_cut(&map, 5000), 0);
	assert_true(page_map_has(&map, 11));
	close(map.folder);
}

static void another_file_has_none_of_them(void **state)
{
	const uint32_t page = 5, other_page = 6;
	struct page_map_file map = new_map(1), other;

	(void)state;
	page_map_add(&map, &page, 1);
	other = map;
	other.id[0] = 2;
	assert_false(page_map_has(&other, page));
	page_map_add(&other, &other_page, 1);
	assert_false(page_map_has(&other, page));
	assert_true(page_map_has(&other, other_page));
	assert_false(page_map_has(&map, page));
	close(map.folder);
}

static void broken_map_is_none(void **state)
{
	const uint32_t page = 5;
	struct page_map_file map = new_map(1);
	int fd;

	(void)state;
	page_map_add(&map, &page, 1);
	fd = openat(map.folder, "tasks.map", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 3), 1);
	assert_false(page_map_has(&map, page));
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_false(page_map_has(&map, page));
	close(fd);
	page_map_add(&map, &page, 1);
	assert_true(page_map_has(&map, page));
	close(map.folder);
}

static void map_that_cannot_be_opened_now_is_kept(void **state)
{
	const uint32_t pages[] = { 5, 6 };
	struct page_map_file map = new_map(1);
	struct rlimit limit, none;
	int rc;

	(void)state;
	page_map_add(&map, pages, 2);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	page_map_add(&map, pages, 1);
	rc = page_map_cut(&map, 6);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* A bit that is left would make the next page in this place unreadable. */
	assert_int_equal(rc, EMFILE);
	assert_true(page_map_has_all(&map, pages, 2));
	close(map.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(added_pages_are_found),
		CHECK(later_pages_are_added_to_earlier_ones),
		CHECK(pages_that_are_cut_off_are_removed),
		CHECK(another_file_has_none_of_them),
		CHECK(broken_map_is_none),
		CHECK(map_that_cannot_be_opened_now_is_kept),
	};

	return CHECK_RUN(tests);
}
