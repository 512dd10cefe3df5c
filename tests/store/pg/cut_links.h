#pragma once
/* The process of cutting_proxy.h: its connections, and where they are cut. */
#include <sys/un.h>

#include "store/pg/cutting_proxy.h"

enum cut_command {
	CUT_ARM = 'a', /* by *order */
	CUT_RELEASE = 'r',
	CUT_REPORT = '?',
};

struct cut_links {
	int listener;
	int commands; /* a byte each; the same byte comes back when it was carried out */
	struct sockaddr_un server;
	/* In memory that the test shares. */
	const struct cut *order;
	struct cut_report *report;
};

/* Returns never: the process ends with the other end of `commands`. */
_Noreturn void cut_links_run(const struct cut_links *setup);
