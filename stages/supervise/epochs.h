/* Epochs of a pipeline: generations of its dataset that lie beside each other. One is current: its
 * outputs have the places that the topology names; those of the others lie in folders beside.
 *
 * All of these want the pipeline locked. Thread: main. */
#ifndef MR_SUPERVISE_EPOCHS_H
#define MR_SUPERVISE_EPOCHS_H

#include "runtime/row/value.h"
#include "stages/supervise/home.h"
#include "stages/supervise/totals.h"

/* What the program knows, for reading plans. */
struct mr_epochs {
    const struct mr_home *home;
    const struct mr_registry *registry;
    const struct mr_connectors *connectors;
    struct mr_arena *arena;
    struct mr_record *record;
};

struct mr_error *mr_epochs_plan(const struct mr_epochs *e, uint32_t number, struct mr_plan **out);

/* Ends what a killed command had begun (promotion, dropping). Every command that locks calls it. */
struct mr_error *mr_epochs_recover(const struct mr_epochs *e);

/* Format 1 of the state: task folders get their epoch's name, and the plan is kept as epoch 1's.
 * plan: compiled now; MR_RUN_CHANGED when it is not the one that the state is of. Nothing to do for a
 * state of today. */
struct mr_error *mr_epochs_upgrade(const struct mr_epochs *e, const struct mr_plan *plan);

/* The stages of the fresh epoch read the topics of others from their start: MR_RUN_CHANGED where that
 * is no longer kept, naming the stage from which all can be made anew. */
struct mr_error *mr_epochs_kept(const struct mr_epochs *e, const struct mr_plan *plan,
                                uint32_t fresh);

/* Sinks of the epoch write beside their targets while another epoch is current. */
void mr_epochs_aside(struct mr_plan *plan, uint32_t fresh);

/* Tells the plan's windows where the epoch before cut them, which a new epoch repeats. replay: idle
 * time closes no window meanwhile. */
struct mr_error *mr_epochs_follow_cuts(const struct mr_epochs *e, struct mr_plan *plan, bool replay);

/* Readers that the plan does not have hold back neither writers nor retention any longer. */
struct mr_error *mr_epochs_release(const struct mr_epochs *e, const struct mr_plan *plan);

/* What a run has made: sinks' contents into the record's epoch; counts into its card, once per run.
 * The run's own record is saved by the caller. */
struct mr_error *mr_epochs_note(const struct mr_epochs *e, struct mr_recorded_epoch *epoch,
                                const struct mr_totals *totals, const bool *idle);
/* The card's figures as one msgpack map {run, stages: [{stage, in, …, left: {reason: rows}}]}, in the
 * arena; len 0 where none are known. */
struct mr_error *mr_epochs_card(const struct mr_home *h, uint32_t epoch, struct mr_arena *arena,
                                struct mr_value *out);

/* Makes the epoch current: recorded, then outputs exchanged. Repeats harmlessly. */
struct mr_error *mr_epochs_promote(const struct mr_epochs *e, uint32_t number);
/* Removes topics, state and outputs that no other epoch shares. */
struct mr_error *mr_epochs_drop(const struct mr_epochs *e, uint32_t number);
/* Removes the folders in which sinks of epochs that are not current keep their outputs: of a pipeline
 * that is forgotten, whose numbers will be given again. */
struct mr_error *mr_epochs_forget_outputs(const struct mr_epochs *e);

#endif
