/*
 * Receives a request from a peer that sends the input and nothing more, by libfcgi as in a worker.
 * The check of the records must give the same result whatever the pieces.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fuzz_input.h"
#include "serve/fcgi.h"
#include "serve/fcgi_records.h"

#define BODY_LIMIT 1000

static bool accepts(const uint8_t *data, size_t size, size_t piece)
{
	struct fcgi_records records;

	fcgi_records_start(&records);
	for (size_t at = 0; at < size; at += piece) {
		if (!fcgi_records_accept(
			    &records, data + at, size - at < piece ? size - at : piece))
			return false;
	}
	return true;
}

static void receive(struct fcgi *fcgi)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct err err = { 0 };

	bool ok = fcgi_receive_params(fcgi, &request, &err);

	if ((ok || err.code != ERR_NONE) &&
		fcgi_receive_body(fcgi, &request, BODY_LIMIT, &arena, &err) && ok)
		fcgi_send(fcgi, "Status: 200\r\n\r\n", 15);
	fcgi_end(fcgi);
	arena_free(&arena);
}

static struct handover *queue(void)
{
	static struct handover handover = { -1, -1 };
	struct err err;

	if (handover.put < 0) {
		log_set_level(LOG_ERROR);
		check(fcgi_init(&err) && handover_open(&handover, &err));
	}
	return &handover;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fcgi *fcgi;
	int pair[2];

	check(accepts(data, size, 1) == accepts(data, size, size + 1));
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	check(handover_put(queue(), pair[0]));
	close(pair[0]);
	check(write(pair[1], data, size) == (ssize_t)size && shutdown(pair[1], SHUT_WR) == 0);
	check(fcgi_take(&fcgi, queue(), geteuid()) == FCGI_ACCEPTED);
	receive(fcgi);
	fcgi_close(fcgi);
	close(pair[1]);
	return 0;
}
