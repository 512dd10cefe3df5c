#pragma once
/* An engine whose connections a test cuts. Helpers end the test when they fail. */
#include "store/pg/cutting_proxy.h"
#include "store/pg/hosts.h"
#include "store/pg/waits.h"

struct cut_bench {
	struct hosts *hosts;
	struct engine *engine; /* through the proxy; its connections have the name "cut" */
	bool rounds;
	char *url;
	struct pg_waits patient;
	unsigned run;			/* of cut_script.h */
	unsigned made, unmade, unknown; /* outcomes of the beta part */
	struct cut cut;			/* of the current run; for the message of a failure */
	bool is_cutting;
};

int cut_bench_setup(void **state);
int cut_bench_teardown(void **state);

#define CUT_TEST(function)                                                     \
	{                                                                      \
#function, function, cut_bench_setup, cut_bench_teardown, NULL \
	}

void cut_bench_open(struct cut_bench *bench, bool rounds);
/* POLYTASK_CUTS=all: at every byte, which takes hours. */
bool cut_bench_is_full(void);
/* Arms the proxy, with waits that suit the cut. */
void cut_bench_arm(struct cut_bench *bench, const struct cut *cut);
/*
 * Releases the proxy, and waits until the server has ended what the connections that were cut had
 * begun, and the engine may connect again.
 */
void cut_bench_disarm(struct cut_bench *bench);
