#include "serve/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "serve/fcgi_records.h"

/* ---- the block ---- */

static size_t texts_size(const struct feed_filter *filter)
{
	size_t size = 0;

	for (size_t i = 0; i < filter->kind_count; i++)
		size += filter->kinds[i].len;
	return size;
}

static void *put(char **at, const void *bytes, size_t len)
{
	void *place = *at;

	if (len > 0)
		memcpy(place, bytes, len);
	*at += len;
	return place;
}

static struct str put_text(char **at, struct str text)
{
	return (struct str){ put(at, text.ptr, text.len), text.len };
}

/* The array of texts is first, because of its alignment. */
static void copy_filter(struct feed_filter *copy, const struct feed_filter *filter, char **at)
{
	struct str *kinds = put(at, filter->kinds, filter->kind_count * sizeof(*kinds));

	*copy = *filter;
	copy->ids = put(at, filter->ids, filter->id_count * sizeof(*filter->ids));
	copy->dialects = put(at, filter->dialects, filter->dialect_count);
	for (size_t i = 0; i < filter->kind_count; i++)
		kinds[i] = put_text(at, filter->kinds[i]);
	copy->kinds = kinds;
}

struct stream *stream_new(const struct op_feed *feed, struct str user, struct str request)
{
	const struct feed_filter *filter = &feed->filter;
	size_t size = sizeof(struct stream) + filter->kind_count * sizeof(*filter->kinds) +
		      filter->id_count * sizeof(*filter->ids) + filter->dialect_count +
		      texts_size(filter) + user.len + request.len;
	struct stream *stream = malloc(size);
	char *at;

	if (!stream)
		return NULL;
	*stream = (struct stream){ .with_tasks = feed->with_tasks, .size = size };
	at = stream->bytes;
	copy_filter(&stream->filter, filter, &at);
	stream->user = put_text(&at, user);
	stream->request = put_text(&at, request);
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	free(stream->rest);
	free(stream);
}

/* ---- the rest ---- */

static size_t rest_length(const struct stream *stream)
{
	return stream->rest_len - stream->rest_at;
}

/* Makes room for `len` bytes more and returns their place; NULL without memory. */
static char *extend(struct stream *stream, size_t len)
{
	size_t left = rest_length(stream);
	char *rest = malloc(left + len);

	if (!rest)
		return NULL;
	if (left > 0)
		memcpy(rest, stream->rest + stream->rest_at, left);
	free(stream->rest);
	stream->rest = rest;
	stream->rest_at = 0;
	stream->rest_len = left + len;
	return rest + left;
}

/* Content of any length as records. */
bool stream_keep(struct stream *stream, struct str content)
{
	size_t records = (content.len + FCGI_CONTENT_MAX - 1) / FCGI_CONTENT_MAX;
	char *at;

	if (content.len == 0)
		return true;
	at = extend(stream, content.len + records * FCGI_HEADER_SIZE);
	if (!at)
		return false;
	stream->sent += content.len;
	while (content.len > 0) {
		size_t len = content.len < FCGI_CONTENT_MAX ? content.len : FCGI_CONTENT_MAX;

		fcgi_records_put_header(at, stream->request_id, len);
		memcpy(at + FCGI_HEADER_SIZE, content.ptr, len);
		at += FCGI_HEADER_SIZE + len;
		content = str_skip(content, len);
	}
	return true;
}

bool stream_keep_end(struct stream *stream)
{
	char *at = extend(stream, FCGI_END_SIZE);

	if (at)
		fcgi_records_put_end(at, stream->request_id);
	return at != NULL;
}

/* ---- sending ---- */

/* Returns the number of bytes; -1: the peer has left. */
static ssize_t write_parts(const struct stream *stream, struct iovec *parts, size_t count)
{
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	ssize_t sent = sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM ? 0 : -1;
}

enum stream_sent stream_send_rest(struct stream *stream)
{
	struct iovec part = { stream->rest + stream->rest_at, rest_length(stream) };
	ssize_t sent = part.iov_len > 0 ? write_parts(stream, &part, 1) : 0;

	if (sent < 0)
		return STREAM_BROKEN;
	stream->rest_at += (size_t)sent;
	if (rest_length(stream) > 0)
		return STREAM_KEPT;
	free(stream->rest);
	stream->rest = NULL;
	stream->rest_len = stream->rest_at = 0;
	return STREAM_SENT;
}

/* Keeps what follows the first `sent` bytes. */
static bool keep_from(
	struct stream *stream, const struct iovec *parts, size_t count, size_t total, size_t sent)
{
	char *at = extend(stream, total - sent);

	for (size_t i = 0; at && i < count; i++) {
		size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		memcpy(at, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
		at += parts[i].iov_len - skip;
		sent -= skip;
	}
	return at != NULL;
}

static enum stream_sent send_record(
	struct stream *stream, struct iovec *parts, size_t count, size_t total)
{
	ssize_t sent = write_parts(stream, parts, count);

	if (sent < 0)
		return STREAM_BROKEN;
	if (sent == 0)
		return STREAM_REFUSED;
	stream->sent += total - FCGI_HEADER_SIZE;
	if ((size_t)sent == total)
		return STREAM_SENT;
	/* A record that was begun must be completed. */
	return keep_from(stream, parts, count, total, (size_t)sent) ? STREAM_KEPT : STREAM_BROKEN;
}

/* Content that needs several records. */
static enum stream_sent send_large(struct stream *stream, const struct str *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!stream_keep(stream, parts[i]))
			return stream->rest ? STREAM_BROKEN : STREAM_REFUSED;
	}
	return stream_send_rest(stream);
}

enum stream_sent stream_send(struct stream *stream, const struct str *parts, size_t count)
{
	char header[FCGI_HEADER_SIZE];
	struct iovec record[1 + STREAM_PARTS] = { { header, sizeof(header) } };
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		record[1 + i] = (struct iovec){ (char *)(uintptr_t)parts[i].ptr, parts[i].len };
		len += parts[i].len;
	}
	if (len == 0)
		return STREAM_SENT;
	if (len > FCGI_CONTENT_MAX)
		return send_large(stream, parts, count);
	fcgi_records_put_header(header, stream->request_id, len);
	return send_record(stream, record, 1 + count, len + sizeof(header));
}

struct str stream_format_place(const struct feed_place *place, char text[STREAM_PLACE_SIZE])
{
	char id[FEED_PLACE_SIZE];
	int len;

	feed_place_format(place, id);
	len = snprintf(text, STREAM_PLACE_SIZE,
		"event: place\nid: %s\ndata: {\"place\":\"%s\"}\n\n", id, id);
	return (struct str){ text, (size_t)len };
}
