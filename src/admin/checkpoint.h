#pragma once
/*
 * Checkpoints and the removal of logs, one process at a time: a checkpoint between the copying of
 * finished logs and their removal would let one go that was never copied.
 */
#include "base/conf.h"
#include "store/store.h"

/*
 * As store_checkpoint and store_trim_logs. While another process is at it: with `wait` after it,
 * else nothing is done, which is no error.
 */
bool checkpoint_write(struct store *store, const struct conf *conf, uint64_t min_kbytes, bool wait,
	struct err *err);
bool checkpoint_trim(struct store *store, const struct conf *conf, bool wait, unsigned *removed,
	struct err *err);
