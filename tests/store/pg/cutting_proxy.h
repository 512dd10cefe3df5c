#pragma once
/*
 * A proxy before the server of pg_server.h, on a unix socket of its own, which cuts connections
 * after a number of bytes. It is a process of its own and ends with the program. Calls return when
 * the proxy has carried them out; they end the test if the proxy has died.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cut_from { CUT_CLIENT, CUT_SERVER };

/* What becomes of the connections that exist at the cut, until the release. */
enum cut_kind {
	CUT_NEVER,  /* they are only counted */
	CUT_CLOSES, /* both sides are closed */
	CUT_SILENT, /* both sides stay open, and nothing more is forwarded */
	/*
	 * The server gets all that the client sends. Its answers are lost, and the first one that
	 * is lost closes the side of the client.
	 */
	CUT_ANSWERS,
};

struct cut {
	enum cut_kind kind;
	enum cut_from from; /* whose bytes are counted */
	uint64_t after;	    /* bytes since the arming, of all connections together */
	bool refuses;	    /* new connections from the cut to the release */
	/*
	 * Connections that are made after the cut are closed after so many bytes of `from`, once;
	 * 0: never.
	 */
	uint64_t again;
};

#define CUT_ENDS_MAX 4096

struct cut_report {
	bool is_cut;
	size_t live;	   /* connections that are forwarded */
	uint64_t bytes[2]; /* by enum cut_from; forwarded since the arming, up to the cut */
	uint64_t later[2]; /* of connections that were made after the cut */
	/* Ends of messages, as numbers of bytes since the arming, which comes between messages. */
	uint32_t ends[2][CUT_ENDS_MAX];
	size_t ends_count[2];
};

/* Starts it, at the first call. */
void cutting_proxy_start(void);
/* The same as pg_server_url_of, through the proxy; the caller frees. */
char *cutting_proxy_url_of(const char *application);
/* Counts from zero from now on. */
void cutting_proxy_arm(const struct cut *cut);
/* Closes what was cut. Connections are forwarded without a limit from now on. */
void cutting_proxy_release(void);
/* Valid until the next call. */
const struct cut_report *cutting_proxy_report(void);
