/* How a stage process says to its supervisor how it ended. */
#ifndef MR_SUPERVISE_EXITS_H
#define MR_SUPERVISE_EXITS_H

enum {
    MR_STAGE_EXIT_ENDED = 0,   /* its part of the run is done */
    MR_STAGE_EXIT_FATAL = 1,   /* the message on its page says why; starting again does not help */
    MR_STAGE_EXIT_STOPPED = 5, /* asked to stop; committed, resumes */
    MR_STAGE_EXIT_RETRY = 75,  /* may work next time */
};

#endif
