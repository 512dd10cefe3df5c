/* The check of FastCGI records; tests/e2e/test_fastcgi_records.py has the refused ones. */
#include "lib/check.h"
#include "lib/fcgi_client.h"
#include "serve/fcgi_records.h"

static const char *const pairs[] = { "REQUEST_METHOD", "GET", "EMPTY", "", NULL };

static void put_request(struct buf *bytes)
{
	fcgi_client_put_request(bytes, pairs, STR("hello"));
}

/* Gives the bytes in pieces of this size to a new check. */
static bool accepts(const struct buf *bytes, size_t piece)
{
	struct fcgi_records records;

	fcgi_records_start(&records);
	for (size_t at = 0; at < bytes->len; at += piece) {
		size_t len = bytes->len - at < piece ? bytes->len - at : piece;

		if (!fcgi_records_accept(&records, bytes->data + at, len))
			return false;
	}
	return true;
}

static void pieces_may_have_any_size(void **state)
{
	struct buf bytes = BUF_INIT;

	(void)state;
	put_request(&bytes);
	for (size_t piece = 1; piece <= bytes.len; piece++)
		assert_true(accepts(&bytes, piece));
	buf_free(&bytes);
}

static void parameters_are_complete_after_their_empty_record(void **state)
{
	struct fcgi_records records;
	struct buf bytes = BUF_INIT;

	(void)state;
	fcgi_client_put_begin(&bytes, true);
	fcgi_client_put_params(&bytes, pairs);
	fcgi_records_start(&records);
	assert_true(fcgi_records_accept(&records, bytes.data, bytes.len - 1));
	assert_false(fcgi_records_have_params(&records));
	assert_true(fcgi_records_accept(&records, bytes.data + bytes.len - 1, 1));
	assert_true(fcgi_records_have_params(&records));
	buf_free(&bytes);
}

/* One pair of `size` bytes in two records of parameters. */
static bool accepts_parameters_of(size_t size)
{
	struct buf pair = BUF_INIT, bytes = BUF_INIT;
	size_t value = size - 6;
	bool accepted;

	buf_putc(&pair, 1);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(&pair, (char)((value >> shift | (shift == 24 ? 0x80 : 0)) & 0xff));
	for (size_t i = 0; i < value + 1; i++)
		buf_putc(&pair, 'A');
	fcgi_client_put_begin(&bytes, true);
	fcgi_client_put_record(&bytes, FCGI_CLIENT_PARAMS, (struct str){ pair.data, 1000 });
	fcgi_client_put_record(&bytes, FCGI_CLIENT_PARAMS, str_skip(buf_str(&pair), 1000));
	fcgi_client_put_record(&bytes, FCGI_CLIENT_PARAMS, STR(""));
	accepted = accepts(&bytes, 8192);
	buf_free(&pair);
	buf_free(&bytes);
	return accepted;
}

static void parameters_are_limited(void **state)
{
	(void)state;
	assert_true(accepts_parameters_of(FCGI_PARAMS_MAX));
	assert_false(accepts_parameters_of(FCGI_PARAMS_MAX + 1));
}

/* Returns whether the request is accepted with this byte, counted from its end, changed. */
static bool accepts_changed(size_t from_end, char byte)
{
	struct buf bytes = BUF_INIT;
	bool accepted;

	put_request(&bytes);
	bytes.data[bytes.len - from_end] = byte;
	accepted = accepts(&bytes, bytes.len);
	buf_free(&bytes);
	return accepted;
}

/* libfcgi takes this padding for the next record. */
static void padding_of_an_empty_record_is_refused(void **state)
{
	(void)state;
	assert_true(accepts_changed(2, 0));
	assert_false(accepts_changed(2, 1));
}

static void record_of_another_request_is_refused(void **state)
{
	(void)state;
	assert_true(accepts_changed(5, 1));
	assert_false(accepts_changed(5, 2));
}

static void bytes_after_the_request_are_refused(void **state)
{
	struct buf bytes = BUF_INIT;

	(void)state;
	put_request(&bytes);
	assert_true(accepts(&bytes, bytes.len));
	put_request(&bytes);
	assert_false(accepts(&bytes, bytes.len));
	buf_free(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(pieces_may_have_any_size),
		CHECK(parameters_are_complete_after_their_empty_record),
		CHECK(parameters_are_limited),
		CHECK(padding_of_an_empty_record_is_refused),
		CHECK(record_of_another_request_is_refused),
		CHECK(bytes_after_the_request_are_refused),
	};

	return CHECK_RUN(tests);
}
