#include "worker/fatal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_MAX 1024

void say(const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* Texts of the service and of commands must not control a terminal. */
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	fprintf(stderr, "polytaskctl: %s\n", text);
}

void fatal_no_memory(void)
{
	fputs("polytaskctl: memory is exhausted\n", stderr);
	exit(1);
}
