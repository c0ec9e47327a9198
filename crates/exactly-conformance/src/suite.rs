//! The list of all cases. `tidy` sees to it that none is missing.

/// Makes a test of every case, for the engine of this [`Setup`](crate::Setup).
#[macro_export]
macro_rules! suite {
    ($setup:expr) => {
        $crate::cases! {
            $setup;
            key = operations::key {
                meaning, renaming, expiry, ending_at_a_moment, writes_until_a_moment, kinds,
                awkward_names, bad_settings
            }
            counter = operations::counter {
                adding, adding_many, start, undoing,
                swapping, floats, both_ends, not_a_number, wrong_type,
                expiry, bad_settings
            }
            value = operations::value { meaning, any_bytes, wrong_type, expiry, bad_settings }
            flag = operations::flag { meaning, wrong_type, expiry }
            capacity = operations::capacity {
                meaning, taking_each, taking_each_in_batches, leases, resizing, wrong_type, expiry,
                bad_settings
            }
            set = operations::set {
                meaning, limits, pages, any_bytes, wrong_type, large_ones, bad_settings
            }
            sets = operations::set::several { moving, replacing, combining, in_turn }
            set_life = operations::set::life { expiry, taken_back }
            map = operations::map {
                meaning, replacing_if, limits, any_bytes, undone,
                wrong_type, expiry, bad_settings
            }
            map_numbers = operations::map::numbers { whole, real }
            map_pages = operations::map::pages { of_many_fields, while_others_change }
            list = operations::list {
                meaning, every_setting, undone, any_bytes, large, wrong_type, expiry, bad_settings
            }
            sorted_set = operations::sorted_set {
                meaning, conditions, adding_to, popping, limits, replacing
            }
            sorted_set_reading = operations::sorted_set::reading {
                exact_scores, one_zero, by_rank, by_score, pages, any_bytes,
                words_that_mean_something, large, large_and_undone
            }
            sorted_set_whole = operations::sorted_set::whole {
                algebra, algebra_of_one, algebra_with_sets, undone, wrong_type,
                wrong_types_of_others, expiry,
                expiry_of_refusals, bad_settings
            }
            limiter = operations::limiter {
                meaning, waiting, in_batches, wrong_type, bad_settings
            }
            once = operations::once {
                meaning, giving_up, crashes, in_batches, renaming, wrong_type, bad_settings
            }
            lock = operations::lock {
                meaning, leases, line, sharing, places, fences, remembered, required, in_batches,
                moving, wrong_type, expiry, bad_settings
            }
            queue = operations::queue {
                meaning, order, several_at_once, delays, unique_keys, bounded, large, wrong_type,
                bad_settings
            }
            queue_ends = operations::queue::ends { leases, tries, dead_letters }
            queue_life = operations::queue::life { emptied, whole, with_its_effect }
            counter_race = races::counter {
                increments, last_ones, read_and_reset, undone_blocks
            }
            value_race = races::value { one_replaces, one_is_first, updates }
            flag_race = races::flag { one_marks }
            capacity_race = races::capacity {
                last_units, confirm_or_lapse, levels_agree, big_and_small, taken_together
            }
            set_race = races::set {
                last_places, all_of_one, taken_once, moved_both_ways, replaced_whole,
                stored_at_one_moment, in_and_out
            }
            map_race = races::map {
                additions, one_is_first, updates, replaced_whole, set_together,
                each_is_taken_once, last_places
            }
            list_race = races::list {
                replaced_whole, bounded, room_for_some, each_taken_once, both_ends, moved_both_ways
            }
            sorted_set_race = races::sorted_set {
                the_best_remains, one_is_new, each_is_taken_once, the_board_is_never_longer, sums
            }
            limiter_race = races::limiter { at_once }
            once_race = races::once { one_does_it, taken_over }
            lock_race = races::lock {
                one_at_a_time, shared_or_alone, in_order, late_holders, only_the_holder_writes,
                both_or_none
            }
            queue_race = races::queue {
                each_job_once, one_of_a_kind, the_last_places, late_or_done, nothing_is_lost
            }
            batches = batches {
                all_or_nothing, a_fault_undoes, optional, order, requirements, across_kinds,
                too_large, empty, many_reads, crossing_pairs, no_half_is_seen
            }
            crowds = crowds { in_turn, another_kind, numbers, emptied, refused }
            transactions = transactions {
                tried_and_applied, changed_meanwhile, a_conflict_leaves_no_record,
                refusals_are_seen, time_alone, misuse
            }
            tokens = tokens {
                one_effect, ten_thousand_at_once, neck_and_neck, another_batch,
                refusals_are_remembered, faults_are_not, sessions, session_gaps, forgetting,
                across_keys, resolving, resolving_sessions
            }
            faults = faults {
                lost_replies, lost_requests, every_fault_at_once, at_most_once, dead_holders,
                deadlines
            }
            cancelled = cancelled { whole_or_nothing, many_at_once }
            listing = listing { meaning, namespaces, awkward_names, pages, while_others_write }
            waiting = waiting { woken, not_missed, by_time, given_up }
            random = random {
                batches_mean_what_the_model_says,
                sets_mean_what_the_model_says,
                maps_mean_what_the_model_says,
                sorted_sets_mean_what_the_model_says,
                locks_mean_what_the_model_says,
                lists_mean_what_the_model_says, queues_mean_what_the_model_says,
                crowds_mean_what_the_model_says
            }
            history = history {
                of_counters, of_every_kind, of_batches, of_leaving_callers, of_lossy_callers
            }
        }
    };
}

/// Makes the tests of [`suite!`].
#[doc(hidden)]
#[macro_export]
macro_rules! cases {
    ($setup:expr; $($name:ident = $first:ident $(:: $rest:ident)* { $($case:ident),+ $(,)? })+) => {
        $(
            mod $name {
                use super::*;
                use $crate::$first $(:: $rest)* as cases;

                $(
                    #[test]
                    fn $case() {
                        $crate::run($setup, cases::$case);
                    }
                )+
            }
        )+
    };
}
