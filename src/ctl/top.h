#pragma once
/*
 * `top`: shows the view of top_view.h once a second until q is typed or a signal ends it, on the
 * alternative screen of the terminal, which is restored in either case. With --once, or if standard
 * output is no terminal, prints it once, when there are rates and tasks were counted.
 */
#include "ctl/ctl_command.h"

int ctl_top(struct ctl *ctl);
