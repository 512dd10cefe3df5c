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
/* The same for the operand of a command. */
enum completion_kind completion_of_operand(const char *command, struct buf *words);
