#pragma once
/* An output whose reader has gone, as in `polytaskctl task list | head -n 1`. */
#include <stdbool.h>
#include <stdio.h>

/* Exit status of a program that ends for it: that of a shell's command which SIGPIPE has ended. */
#define OUTPUT_READER_GONE 141

/* Whether writing has failed because nobody reads the pipe or socket any more. */
bool output_reader_has_gone(FILE *out);
