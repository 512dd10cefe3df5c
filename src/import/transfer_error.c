#include "import/transfer_error.h"

#include <inttypes.h>

#include "base/clock.h"

bool transfer_too_large(const struct transfer_limits *limits, struct err *err)
{
	return err_set(err, ERR_TOO_LARGE, NULL, "The file is larger than %s.", limits->max_text);
}

/* Whether request and response had begun when the error occurred. */
static bool was_connected(const struct transfer *transfer)
{
	curl_off_t us = 0;

	curl_easy_getinfo(transfer->curl, CURLINFO_PRETRANSFER_TIME_T, &us);
	return us > 0;
}

/* libcurl has a clock of its own, by which the deadline may come a little earlier. */
static bool is_at_deadline(const struct transfer_limits *limits)
{
	return clock_mono_ms() + 100 >= limits->deadline_ms;
}

static void explain_timeout(struct transfer *transfer, const struct source *source)
{
	const struct transfer_limits *limits = transfer->limits;

	if (is_at_deadline(limits))
		err_set(transfer->err, ERR_BUSY, NULL,
			"The download took longer than %" PRIu64 " s.", limits->max_seconds);
	else if (was_connected(transfer))
		err_set(transfer->err, ERR_BUSY, NULL,
			"The server sent less than 1 KiB/s for %" PRIu64 " s.",
			limits->stall_seconds);
	else
		err_set(transfer->err, ERR_BUSY, NULL, "Cannot connect to %s within 30 s.",
			source->name);
}

/* All addresses of the host were refused, or some could be tried. */
static void explain_connect(struct transfer *transfer, const struct source *source)
{
	if (transfer->tried > 0 || transfer->refused == 0)
		err_set(transfer->err, ERR_BUSY, NULL, "Cannot connect to %s.", source->name);
	else if (source->is_redirected)
		err_set(transfer->err, ERR_UNPROCESSABLE, NULL,
			"A redirect to a private address is not allowed.");
	else
		err_set(transfer->err, ERR_UNPROCESSABLE, NULL, "The address of %s is not allowed.",
			source->name);
}

static void explain(struct transfer *transfer, const struct source *source, CURLcode code)
{
	struct err *err = transfer->err;

	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		err_set(err, ERR_BUSY, NULL, "The name %s cannot be resolved.", source->name);
		break;
	case CURLE_COULDNT_CONNECT:
		explain_connect(transfer, source);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		explain_timeout(transfer, source);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(err, ERR_BUSY, NULL, "The certificate of %s is not valid.", source->name);
		break;
	case CURLE_SSL_CACERT_BADFILE:
		err_set(err, ERR_INTERNAL, NULL, "The file of --ca cannot be read.");
		break;
	case CURLE_SSL_CONNECT_ERROR:
		err_set(err, ERR_BUSY, NULL, "The TLS handshake with %s failed.", source->name);
		break;
	case CURLE_OUT_OF_MEMORY:
		err_no_memory(err);
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		err_set(err, ERR_BUSY, NULL, "The server ended the connection early.");
		break;
	default:
		err_set(err, ERR_BUSY, NULL, "The response cannot be read as HTTP: %s.",
			curl_easy_strerror(code));
	}
}

/* libcurl's error for a line of the header that is too long is CURLE_OUT_OF_MEMORY. */
static bool is_header_too_large(const struct transfer *transfer, CURLcode code)
{
	return transfer->is_header_too_large ||
	       (!transfer->is_header_whole && transfer->header_bytes > 0 &&
		       code == CURLE_OUT_OF_MEMORY);
}

enum transfer_end transfer_explain(
	struct transfer *transfer, const struct source *source, CURLcode code)
{
	if (is_header_too_large(transfer, code))
		err_set(transfer->err, ERR_UNPROCESSABLE, NULL,
			"The header of the response is too large.");
	else
		explain(transfer, source, code);
	return transfer->err->code == ERR_BUSY && transfer->received > 0 &&
			       !is_at_deadline(transfer->limits)
		       ? TRANSFER_CUT
		       : TRANSFER_FAILED;
}
