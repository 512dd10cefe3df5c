#include "serve/fcgi_records.h"

#include <fastcgi.h>
#include <string.h>

void fcgi_records_start(struct fcgi_records *records)
{
	*records = (struct fcgi_records){ .expected = FCGI_BEGIN_REQUEST };
}

bool fcgi_records_have_params(const struct fcgi_records *records)
{
	return records->expected == FCGI_STDIN || records->expected == 0;
}

static uint16_t number16(const unsigned char *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* An empty record closes the stream of its type. A pair must not be cut by it. */
static bool close_stream(struct fcgi_records *records)
{
	if (records->expected == FCGI_STDIN) {
		records->expected = 0;
		return true;
	}
	records->expected = FCGI_STDIN;
	return records->lengths_len == 0 && records->pair == 0;
}

static bool open_record(struct fcgi_records *records)
{
	const unsigned char *header = records->header;
	uint16_t id = number16(header + 2);

	records->header_len = 0;
	records->content = number16(header + 4);
	records->padding = header[6];
	records->in_params = header[1] == FCGI_PARAMS;
	if (header[0] != FCGI_VERSION_1 || header[1] != records->expected ||
		id == FCGI_NULL_REQUEST_ID)
		return false;
	if (records->expected == FCGI_BEGIN_REQUEST) {
		records->request_id = id;
		records->expected = FCGI_PARAMS;
		return records->content == sizeof(FCGI_BeginRequestBody) && records->padding == 0;
	}
	if (id != records->request_id)
		return false;
	if (records->content == 0)
		return records->padding == 0 && close_stream(records);
	if (records->in_params)
		records->params += records->content;
	return records->params <= FCGI_PARAMS_MAX;
}

/* Bytes of a length by its first byte. */
static size_t length_size(unsigned char first)
{
	return first & 0x80 ? 4 : 1;
}

static size_t length_value(const unsigned char *bytes)
{
	if (length_size(bytes[0]) == 1)
		return bytes[0];
	return (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 |
	       bytes[3];
}

/* Takes one byte of the lengths of a pair. */
static bool take_length(struct fcgi_records *records, unsigned char byte)
{
	size_t name, value;

	records->lengths[records->lengths_len++] = byte;
	name = length_size(records->lengths[0]);
	if (records->lengths_len <= name)
		return true;
	value = length_size(records->lengths[name]);
	if (records->lengths_len < name + value)
		return true;
	records->lengths_len = 0;
	records->pair = length_value(records->lengths) + length_value(records->lengths + name);
	return records->pair <= FCGI_PARAMS_MAX;
}

static bool accept_pairs(struct fcgi_records *records, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		size_t used = records->pair < len ? records->pair : len;

		if (used == 0) {
			used = 1;
			if (!take_length(records, *bytes))
				return false;
		} else {
			records->pair -= used;
		}
		bytes += used;
		len -= used;
	}
	return true;
}

/* Takes bytes of one part of a record. Returns their number; 0: refused. */
static size_t accept_part(struct fcgi_records *records, const unsigned char *bytes, size_t len)
{
	if (records->content > 0) {
		len = len < records->content ? len : records->content;
		records->content = (uint16_t)(records->content - len);
		if (!records->in_params && records->expected == FCGI_STDIN)
			records->body += len;
		return !records->in_params || accept_pairs(records, bytes, len) ? len : 0;
	}
	if (records->padding > 0) {
		len = len < records->padding ? len : records->padding;
		records->padding = (uint16_t)(records->padding - len);
		return len;
	}
	/* Less than a header would be lost in libfcgi's buffer. */
	if (records->expected == 0)
		return 0;
	records->header[records->header_len++] = *bytes;
	return records->header_len < sizeof(records->header) || open_record(records) ? 1 : 0;
}

bool fcgi_records_accept(struct fcgi_records *records, const void *bytes, size_t len)
{
	const unsigned char *next = bytes;

	while (len > 0) {
		size_t used = accept_part(records, next, len);

		if (used == 0)
			return false;
		next += used;
		len -= used;
	}
	return true;
}

/* ---- records of a response ---- */

static void put_header(char *header, int type, uint16_t request_id, size_t len)
{
	const unsigned char bytes[FCGI_HEADER_SIZE] = {
		FCGI_VERSION_1,
		(unsigned char)type,
		(unsigned char)(request_id >> 8),
		(unsigned char)request_id,
		(unsigned char)(len >> 8),
		(unsigned char)len,
	};

	memcpy(header, bytes, sizeof(bytes));
}

void fcgi_records_put_header(char header[FCGI_HEADER_SIZE], uint16_t request_id, size_t len)
{
	put_header(header, FCGI_STDOUT, request_id, len);
}

void fcgi_records_put_end(char end[FCGI_END_SIZE], uint16_t request_id)
{
	put_header(end, FCGI_STDOUT, request_id, 0);
	put_header(
		end + FCGI_HEADER_SIZE, FCGI_END_REQUEST, request_id, sizeof(FCGI_EndRequestBody));
	/* Status 0, FCGI_REQUEST_COMPLETE. */
	memset(end + 2 * FCGI_HEADER_SIZE, 0, sizeof(FCGI_EndRequestBody));
}
