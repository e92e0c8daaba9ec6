/* Time. Monotonic for durations and deadlines, wall clock only for stamps people read. */
#ifndef MR_BASE_CLOCK_H
#define MR_BASE_CLOCK_H

#include <stdint.h>

uint64_t mr_now_ns(void);   /* monotonic                       */
uint64_t mr_now_ms(void);   /* monotonic                       */
uint64_t mr_wall_ms(void);  /* since 1970-01-01 00:00 UTC      */
uint64_t mr_cpu_ns(void);   /* user + system time of the process */
uint64_t mr_thread_cpu_ns(void); /* of this thread */

#endif
