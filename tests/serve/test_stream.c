/* What one stream sends, over a pair of sockets: records, rests, the end; and what it keeps. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/check.h"
#include "serve/fcgi_records.h"
#include "serve/stream.h"

#define ID 0x0102

struct pair {
	struct stream *stream;
	int client;
	struct buf got;
};

static int open_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int fds[2];

	check_setup(NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pair->stream = stream_new(&(struct op_feed){ 0 }, STR("ann"), STR("r1"));
	pair->stream->fd = fds[0];
	pair->stream->request_id = ID;
	pair->client = fds[1];
	*state = pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	close(pair->stream->fd);
	if (pair->client >= 0)
		close(pair->client);
	stream_free(pair->stream);
	buf_free(&pair->got);
	free(pair);
	return check_teardown(NULL);
}

/* Takes all that has arrived. */
static void receive(struct pair *pair)
{
	char bytes[8192];
	ssize_t got;

	while ((got = recv(pair->client, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_put(&pair->got, bytes, (size_t)got);
}

/* Appends the contents of the records to `out`. Returns their number; all must be complete. */
static size_t take_contents(struct pair *pair, struct buf *out)
{
	size_t at = 0, records = 0;

	for (; at < pair->got.len; records++) {
		const unsigned char *header = (const unsigned char *)pair->got.data + at;
		size_t len = (size_t)header[4] << 8 | header[5];

		assert_true(pair->got.len - at >= FCGI_HEADER_SIZE + len);
		assert_memory_equal(header, "\1\6\1\2", 4);
		assert_memory_equal(header + 6, "\0\0", 2);
		assert_int_not_equal(len, 0);
		buf_put(out, header + FCGI_HEADER_SIZE, len);
		at += FCGI_HEADER_SIZE + len;
	}
	buf_reset(&pair->got);
	return records;
}

static void assert_content(struct pair *pair, size_t records, struct str expected)
{
	struct buf content = BUF_INIT;

	receive(pair);
	assert_int_equal(take_contents(pair, &content), records);
	assert_int_equal(content.len, expected.len);
	if (expected.len > 0)
		assert_memory_equal(content.data, expected.ptr, expected.len);
	buf_free(&content);
}

static void parts_are_one_record(void **state)
{
	const struct str parts[] = { STR("id: 1-1\n"), STR(""), STR("data: {}\n\n") };
	struct pair *pair = *state;

	assert_int_equal(stream_send(pair->stream, parts, 3), STREAM_SENT);
	assert_content(pair, 1, STR("id: 1-1\ndata: {}\n\n"));
	assert_int_equal(pair->stream->sent, 18);
	assert_int_equal(stream_send(pair->stream, parts, 0), STREAM_SENT);
	assert_int_equal(stream_send(pair->stream, parts + 1, 1), STREAM_SENT);
	assert_content(pair, 0, STR(""));
}

/* Distinct bytes, so that a gap or a repetition shows. */
static struct str make_text(size_t len)
{
	char *text = malloc(len);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + (i / 7 + i % 11) % 26);
	return (struct str){ text, len };
}

static void free_text(struct str text)
{
	free((void *)(uintptr_t)text.ptr);
}

static void large_content_has_several_records(void **state)
{
	struct pair *pair = *state;
	struct str text = make_text(2 * FCGI_CONTENT_MAX + 5);
	struct buf content = BUF_INIT;
	enum stream_sent sent = stream_send(pair->stream, &text, 1);
	size_t records;

	for (; sent == STREAM_KEPT; sent = stream_send_rest(pair->stream))
		receive(pair);
	assert_int_equal(sent, STREAM_SENT);
	receive(pair);
	records = take_contents(pair, &content);
	assert_int_equal(records, 3);
	assert_int_equal(content.len, text.len);
	assert_memory_equal(content.data, text.ptr, text.len);
	assert_null(pair->stream->rest);
	buf_free(&content);
	free_text(text);
}

static void limit_buffer(struct pair *pair)
{
	int size = 1;

	setsockopt(pair->stream->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* Sends until the socket is full, and then whatever is kept. */
static void full_socket_refuses_or_keeps_the_rest(void **state)
{
	struct pair *pair = *state;
	struct str text = make_text(3000);
	struct buf expected = BUF_INIT, content = BUF_INIT;
	enum stream_sent sent;

	limit_buffer(pair);
	while ((sent = stream_send(pair->stream, &text, 1)) == STREAM_SENT)
		buf_put_str(&expected, text);
	if (sent == STREAM_KEPT)
		buf_put_str(&expected, text);
	assert_int_equal(pair->stream->sent, expected.len);
	if (sent != STREAM_KEPT)
		assert_int_equal(sent, STREAM_REFUSED);
	else
		assert_int_equal(stream_send_rest(pair->stream), STREAM_KEPT);
	for (sent = STREAM_KEPT; sent == STREAM_KEPT; sent = stream_send_rest(pair->stream))
		receive(pair);
	assert_int_equal(sent, STREAM_SENT);
	receive(pair);
	take_contents(pair, &content);
	assert_int_equal(content.len, expected.len);
	assert_memory_equal(content.data, expected.data, expected.len);
	buf_free(&expected);
	buf_free(&content);
	free_text(text);
}

static void rest_goes_on_where_the_socket_was_full(void **state)
{
	struct pair *pair = *state;
	struct str text = make_text(100000);
	struct buf content = BUF_INIT;
	size_t kept = 0;

	limit_buffer(pair);
	assert_true(stream_keep(pair->stream, text));
	assert_int_equal(pair->stream->rest_len, text.len + 2 * FCGI_HEADER_SIZE);
	while (stream_send_rest(pair->stream) == STREAM_KEPT) {
		kept++;
		/* What is added follows. */
		if (kept == 1)
			assert_true(stream_keep(pair->stream, STR("end")));
		receive(pair);
	}
	receive(pair);
	assert_true(kept > 1);
	take_contents(pair, &content);
	assert_int_equal(content.len, text.len + 3);
	assert_memory_equal(content.data, text.ptr, text.len);
	assert_memory_equal(content.data + text.len, "end", 3);
	assert_int_equal(pair->stream->sent, text.len + 3);
	buf_free(&content);
	free_text(text);
}

static void end_closes_the_response(void **state)
{
	struct pair *pair = *state;

	assert_true(stream_keep_end(pair->stream));
	assert_int_equal(stream_send_rest(pair->stream), STREAM_SENT);
	receive(pair);
	assert_int_equal(pair->got.len, FCGI_END_SIZE);
	assert_memory_equal(pair->got.data,
		"\1\6\1\2\0\0\0\0"
		"\1\3\1\2\0\10\0\0"
		"\0\0\0\0\0\0\0\0",
		FCGI_END_SIZE);
	assert_int_equal(pair->stream->sent, 0);
}

static void closed_connection_is_noticed(void **state)
{
	const struct str text = STR(":\n");
	struct pair *pair = *state;

	close(pair->client);
	pair->client = -1;
	assert_int_equal(stream_send(pair->stream, &text, 1), STREAM_BROKEN);
	assert_true(stream_keep(pair->stream, text));
	assert_int_equal(stream_send_rest(pair->stream), STREAM_BROKEN);
}

static void filter_is_copied(void **state)
{
	uint8_t dialects[] = { 3, 5 };
	struct str kinds[] = { STR("copy"), STR("") };
	struct id ids[2] = { { .bytes = { 1 } }, { .bytes = { 2 } } };
	struct op_feed feed = { .with_tasks = true,
		.filter = { dialects, 2, kinds, 2, 1U << TASK_FAILED, 6, ids, 2 } };
	struct stream *stream = stream_new(&feed, STR("ann"), STR("r1"));
	const struct feed_filter *filter = &stream->filter;

	(void)state;
	memset(dialects, 0, sizeof(dialects));
	memset(kinds, 0, sizeof(kinds));
	memset(ids, 0, sizeof(ids));
	assert_memory_equal(filter->dialects, "\3\5", 2);
	assert_true(str_eq(filter->kinds[0], STR("copy")));
	assert_int_equal(filter->kinds[1].len, 0);
	assert_int_equal(filter->ids[1].bytes[0], 2);
	assert_int_equal(filter->states, 1U << TASK_FAILED);
	assert_int_equal(filter->types, 6);
	assert_true(stream->with_tasks);
	assert_true(str_eq(stream->user, STR("ann")));
	assert_true(str_eq(stream->request, STR("r1")));
	assert_in_range(stream->size, sizeof(*stream) + 2 * sizeof(*kinds) + 2 * sizeof(*ids), 600);
	stream_free(stream);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_are_one_record),
		TEST(large_content_has_several_records),
		TEST(full_socket_refuses_or_keeps_the_rest),
		TEST(rest_goes_on_where_the_socket_was_full),
		TEST(end_closes_the_response),
		TEST(closed_connection_is_noticed),
		TEST(filter_is_copied),
	};

	return CHECK_RUN(tests);
}
