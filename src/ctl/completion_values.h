#pragma once
/* The values of options and operands that completion offers. */
#include "base/buf.h"

enum completion_kind {
	COMPLETION_NONE,
	COMPLETION_WORDS,
	COMPLETION_LIST, /* words joined by commas */
	COMPLETION_FILE,
	COMPLETION_FOLDER,
};

/*
 * What may follow --NAME. Appends the words, with blanks between them, for the kinds with words.
 */
enum completion_kind completion_of_option(const char *name, struct buf *words);
/*
 * "--NAME COMMAND" of an option with other values at this command, from number 0; NULL behind the
 * last one.
 */
const char *completion_exception(size_t number, enum completion_kind *kind);
/* The same for the operand of a command. */
enum completion_kind completion_of_operand(const char *command, struct buf *words);
