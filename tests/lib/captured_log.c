#include "lib/captured_log.h"

#include "base/log.h"

struct captured_log captured_log;

static void take_line(enum log_level level, struct str line)
{
	(void)level;
	buf_reset(&captured_log.last_line);
	buf_put_str(&captured_log.last_line, line);
	captured_log.lines++;
}

int captured_log_begin(void **state)
{
	(void)state;
	captured_log.lines = 0;
	log_capture(take_line);
	return 0;
}

int captured_log_end(void **state)
{
	(void)state;
	log_capture(NULL);
	buf_free(&captured_log.last_line);
	return 0;
}
