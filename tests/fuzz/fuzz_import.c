/*
 * What clients and servers write into a download. The input has a URL, the target of a redirect, a
 * Content-Range, an ETag and a network, one per line; the rest is a task.
 */
#include <stdio.h>

#include "fuzz_input.h"
#include "import/import_task.h"
#include "import/place.h"
#include "import/reply.h"
#include "import/source.h"
#include "sys/network.h"

/* Cuts a line at its first NUL, and to the room. */
static void copy_line(struct str *rest, char *text, size_t size)
{
	struct str line = fuzz_line(rest);

	snprintf(text, size, "%.*s", (int)line.len, line.ptr ? line.ptr : "");
}

static bool is_https(const struct source *source)
{
	struct buf target = BUF_INIT;
	struct err err;
	bool is;

	check(source_target(source, &target, &err));
	is = str_starts(buf_str(&target), STR("https\n"));
	check(is || str_starts(buf_str(&target), STR("http\n")));
	buf_free(&target);
	return is;
}

/* One plain name, which is no hidden one. */
static void check_name(struct str raw)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	char name[PLACE_NAME_MAX + 1], numbered[PLACE_FILE_SIZE];

	place_clean(raw, name);
	check(name[0] && name[0] != '.' && strspn(name, plain) == strlen(name));
	place_numbered(name, 99, numbered);
	check(strspn(numbered, plain) == strlen(numbered) && strstr(numbered, "-99"));
}

static void check_urls(const char *url, const char *location)
{
	struct source source, next;
	struct buf name = BUF_INIT;
	struct err err = { 0 };

	if (!source_parse(&source, url, &err)) {
		check(err.code == ERR_UNPROCESSABLE && err.text[0]);
		return;
	}
	check(source_file_name(&source, &name, &err));
	check_name(buf_str(&name));
	buf_free(&name);
	if (source_follow(&next, &source, location, &err)) {
		check(!is_https(&source) || is_https(&next));
		source_free(&next);
	}
	source_free(&source);
}

static void check_reply(const char *range, const char *etag)
{
	struct partial partial = { .size = 100, .total = 1000, .version.validator = "\"v1\"" };
	struct reply reply = { .status = 206, .content_range = range, .etag = etag };
	struct reply_plan plan;
	struct err err = { 0 };

	check(reply_judge(&reply, &partial, true, &plan, &err));
	check(plan.action == REPLY_RESTART || (plan.length <= 900 && plan.total == 1000));
	reply.status = 200;
	check(reply_judge(&reply, &partial, true, &plan, &err) && plan.action == REPLY_WHOLE);
	check(strncmp(plan.version.validator, "W/", 2) != 0);
}

static void check_network(const char *text)
{
	struct network network;
	struct err err = { 0 };

	if (network_parse(&network, text, &err)) {
		check(network.prefix <= 128 && network_contains(&network, network.bytes));
		network_is_public(network.bytes);
	} else {
		check(err.code == ERR_INVALID);
	}
}

static void check_task(struct str text)
{
	struct import_task task;
	struct err err = { 0 };

	if (import_task_parse(&task, text, &err)) {
		check(*task.url && *task.attachable_type && *task.attachable_id);
		check(!*task.md5 || strlen(task.md5) == DIGEST_MD5_LEN);
		import_task_free(&task);
	} else {
		check(err.code == ERR_UNPROCESSABLE || err.code == ERR_INVALID);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	char url[1024], location[1024], range[256], etag[1024], network[256];

	copy_line(&rest, url, sizeof(url));
	copy_line(&rest, location, sizeof(location));
	copy_line(&rest, range, sizeof(range));
	copy_line(&rest, etag, sizeof(etag));
	copy_line(&rest, network, sizeof(network));
	check_urls(url, location);
	check_reply(range, etag);
	check_network(network);
	check_name(rest);
	check_task(rest);
	return 0;
}
