#pragma once
/*
 * The only access to clocks. Use wall time for stored and displayed times, monotonic time for
 * durations. Tests stop the wall clock with clock_set_fake, the monotonic one with clock_stop_mono.
 */
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
/* Milliseconds and microseconds since an arbitrary start; never go back. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* As clock_mono_ms, and counts the time in which the machine is suspended. */
int64_t clock_boot_ms(void);
/* Makes clock_wall_ms return this time; 0 restores the system clock. */
void clock_set_fake(int64_t wall_ms);
/* Stops clock_mono_ms and clock_mono_us: no slice of work ends by its time. false: they go on. */
void clock_stop_mono(bool stopped);
