#pragma once
/*
 * The only clock. Wall time is for what is stored and shown, monotonic time for durations. Tests
 * stop the wall clock with clock_set_fake.
 */
#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
/* Milliseconds and microseconds since some start; never goes back. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* From now on clock_wall_ms gives this; 0 lets it run again. */
void clock_set_fake(int64_t wall_ms);
