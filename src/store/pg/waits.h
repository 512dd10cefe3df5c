#pragma once
/*
 * How long the engine waits, in ms. A worker does nothing else meanwhile. Tests change them before
 * they open an engine; the service does not.
 */
struct pg_waits {
	int answer;  /* for a call; more than the server works on one statement */
	int work;    /* statement_timeout, of all but COMMIT */
	int idle;    /* that the server waits for the next statement of a round */
	int commit;  /* for a flush, with the standbys that the server waits for */
	int resolve; /* for the outcome of a flush without an answer */
	int pause;   /* between attempts to connect */
	int lock;    /* for a lock: less than a request waits */
	int hurried; /* for the row of a new scope out of order, which can be a deadlock */
	int leave;   /* for the last statement of close */
};

extern struct pg_waits pg_waits;
