#pragma once
/*
 * Streams over the event loop of loop_fixture.h, with a journal of the test: the events of tenant
 * "demo", with the numbers from 1. A program that includes this is linked with --wrap=store_apply.
 */
#include "serve/loop_fixture.h"

#define EPOCH 0xe

struct stream_fixture {
	uint64_t epoch;
	uint64_t last;	 /* number of the newest event; 0: none */
	uint64_t first;	 /* number of the oldest one that is kept */
	uint64_t others; /* number of the last one of another tenant; those since others_from */
	uint64_t others_from;
	enum err_code error; /* of reads; ERR_NONE: they succeed */
	unsigned reads;	     /* operations */
	struct str kind_odd; /* kind of the events with odd numbers; that of the others is "even" */
	struct buf text[LOOP_CLIENTS], raw[LOOP_CLIENTS]; /* what the clients have got */
	bool ended[LOOP_CLIENTS];			  /* the response has its end */
	bool closed[LOOP_CLIENTS];			  /* the connection is closed */
};

extern struct stream_fixture events;

int stream_open(void **state);
int stream_close(void **state);
/* Adds events, and raises the counter that streams look at. */
void stream_add_events(uint64_t count);
/* The same with events of another tenant: one run of them. */
void stream_add_others(uint64_t count);
/* Sends the request of a stream: query "" or "?...", place "" or that of Last-Event-ID. */
void stream_ask(size_t client, const char *query, const char *place);
/* The same of an account of its own, with a request id. */
void stream_ask_as(size_t client, const char *query, const char *place, const char *user);
/* Runs the loop until nothing is left to do, and takes what has arrived. */
void stream_run(void);
/* Takes what has arrived. */
void stream_receive(size_t client);
/* The stream of the connection that was accepted for the client; NULL: it has none. */
struct stream *stream_of(size_t client);
/* The client has got exactly these events since the last call, in this order. */
void stream_assert_events(size_t client, uint64_t from, uint64_t to, uint64_t step);
/* The client has got this part of a text. */
void stream_assert_text(size_t client, const char *part);
/* Makes the socket small in which the stream's connection is sent. */
void stream_limit_buffer(size_t client);
/* Runs the loop for a while, and the clients read nothing. */
void stream_run_unread(void);
