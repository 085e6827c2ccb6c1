//! What every store must do, as one test for each behaviour.
//!
//! A store's test file holds one line, `onhand_store::contract_tests!(factory);`, where `factory` is an async function
//! that gives a [`Fixture`] on a fresh, empty database. There is no other way to run the suite, so no store can leave a
//! behaviour out. A new behaviour is a function in a file of this directory and its name in the list below; a function
//! that is not in the list is dead code, which the compiler tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code that other crates call: a panic is how it says no"
)]

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::session::Store;

// One builder of commands for the tests of the rules and for this suite.
mod broken;
mod channels;
#[path = "../../../rules/tests/rules/commands.rs"]
mod commands;
mod driver;
mod faults;
mod feed;
mod found;
mod golden;
mod history;
mod keys;
mod ledger;
mod lists;
mod memory;
mod model;
mod ops;
mod queue;
mod random;
mod refused;
mod rivals;
mod texts;
mod walls;
mod world;

pub use driver::{Driver, Request};
pub use memory::Memory;
pub use world::START;

/// What a closure that is async gives back.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Closes a store and opens the same database again.
pub type Reopen = Box<dyn Fn(Arc<dyn Store>) -> Later<Arc<dyn Store>> + Send + Sync>;

/// A fresh, empty database for one test.
pub struct Fixture {
    /// The store over it.
    pub store: Arc<dyn Store>,
    /// Closes the given handle (the only one left) and opens the same database again, as a restart would.
    pub reopen: Reopen,
    /// Sets what the store takes for the time of the database server, in milliseconds; `None` where it cannot be set.
    /// The suite then moves the ledger clock by writing at a later time, which every store must remember.
    pub set_clock: Option<Box<dyn Fn(i64) + Send + Sync>>,
    /// Runs a statement on the database past the store, as damage or another program would.
    pub sql: Box<dyn Fn(String) -> Later<()> + Send + Sync>,
    /// Lives as long as the test: a directory, a server.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// Makes the enum of behaviours, the function that runs one, and the macro that lists them as tests.
macro_rules! behaviours {
    ($d:tt $($(#[doc = $doc:literal])+ $module:ident::$name:ident,)+) => {
        /// The behaviours, in the words of their tests.
        #[allow(non_camel_case_types, reason = "they are named like the functions and the tests")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Behaviour {
            $($(#[doc = $doc])+ $name,)+
        }

        /// Runs one behaviour; panics if the store does not have it.
        pub async fn run(behaviour: Behaviour, fixture: Fixture) {
            match behaviour {
                $(Behaviour::$name => Box::pin($module::$name(fixture)).await,)+
            }
        }

        /// Lists the whole suite as tests of the calling file. `factory` is an async function that gives a
        /// [`Fixture`](crate::contract::Fixture) on a fresh, empty database.
        #[macro_export]
        macro_rules! contract_tests {
            ($d factory:path) => {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $name() {
                        let fixture = $d factory().await;
                        $d crate::contract::run($d crate::contract::Behaviour::$name, fixture).await;
                    }
                )+
            };
        }
    };
}

behaviours! { $
    /// Every kind of command is written so that what is found afterwards, by the session and by the reads, is what was
    /// written.
    ledger::every_command_round_trips,
    /// Keys that name nothing are found as `None`, every one of them.
    ledger::absent_keys_are_found_as_none,
    /// Later commands of a batch build on earlier ones, and all of it is written once.
    ledger::a_batch_builds_on_itself,
    /// A backorder limit reaches every stock row of the SKU.
    ledger::stock_of_finds_every_row_of_a_sku,
    /// Only lines that changed change; the others stay as they were.
    ledger::lines_keep_their_places,
    /// Overdue holders of a row are found as of the time of `begin`, sorted, and no others.
    ledger::overdue_holders_of_a_row_are_found,
    /// A database that is closed and opened again holds what it held.
    ledger::a_restart_keeps_everything,
    /// An order of two thousand lines works through every step.
    ledger::an_order_of_two_thousand_lines,
    /// `lock` replaces what was found by what stands there.
    ledger::lock_brings_rows_up_to_date,
    /// A refused command leaves its record and nothing else.
    refused::a_refused_command_leaves_no_trace,
    /// A refused command in the middle of a batch costs the others nothing.
    refused::one_refused_command_costs_the_others_nothing,
    /// After `rollback` nothing is there, and the session works on.
    refused::rollback_leaves_nothing,
    /// A session that is dropped in the middle leaves nothing.
    refused::a_dropped_session_leaves_nothing,
    /// A stock row that is not as it was loaded is a conflict, and nothing of the batch is written.
    walls::a_stale_stock_row_is_a_conflict,
    /// Likewise for an order.
    walls::a_stale_order_is_a_conflict,
    /// Likewise for a reservation.
    walls::a_stale_reservation_is_a_conflict,
    /// A new row under a key that exists is a conflict.
    walls::a_row_that_exists_already_is_a_conflict,
    /// The same operation key twice is a conflict.
    walls::an_operation_key_is_written_once,
    /// Figures below zero are refused by the database itself.
    walls::negative_figures_are_rejected,
    /// Lines that do not add up are refused by the database itself.
    walls::lines_that_do_not_add_up_are_rejected,
    /// Movements whose numbers leave a gap or repeat are refused.
    walls::a_movement_number_is_written_once,
    /// Outcomes come back as they were written, to the byte.
    ops::outcomes_come_back_byte_for_byte,
    /// The same key of another principal or another kind of command is another key.
    ops::principals_and_kinds_are_separate,
    /// Only the asked records come back, however many are asked for.
    ops::only_what_was_asked_for,
    /// A command that is sent again has one effect and one answer.
    ops::the_same_key_has_one_effect,
    /// All records are listed in the order of their keys.
    ops::records_are_listed_in_key_order,
    /// Events are numbered from 1 in commit order without gaps, also across rollbacks and conflicts.
    feed::numbers_have_no_gaps,
    /// The time of events, movements and `begin` never goes back.
    feed::time_never_goes_back,
    /// Events about one thing are found by it.
    feed::events_are_found_by_subject,
    /// Events of a type, about one thing or any, are found in both directions, in pages that neither skip nor repeat.
    feed::events_are_found_by_type_both_ways,
    /// Pages that go back are the same whatever is written meanwhile.
    feed::older_events_are_the_same_whatever_is_written_meanwhile,
    /// Every kind of event comes back as it was written.
    feed::events_come_back_as_written,
    /// `verify` finds an entry of the audit log that was changed or is gone.
    feed::a_broken_audit_log_is_found,
    /// SKUs and locations are listed by code in byte order, in pages that neither skip nor repeat.
    lists::catalogue_pages_are_complete,
    /// SKUs are found by words of their names, whatever these hold, the oldest first.
    lists::skus_are_found_by_words_of_their_names,
    /// Stock is listed by (SKU code, location code) with every filter.
    lists::stock_filters_and_pages,
    /// Orders are listed newest first with every filter.
    lists::order_filters_and_pages,
    /// Reservations are listed newest first with every filter.
    lists::reservation_filters_and_pages,
    /// Movements are listed both ways and found by time.
    lists::movements_both_ways_and_by_time,
    /// Movements that changed one quantity are found in stretches, however few they are.
    history::movements_that_changed_a_figure,
    /// Who holds units of a row, complete and in order.
    lists::holders_of_a_row,
    /// What is due, and when the next hold ends.
    lists::due_holds,
    /// The audit lists are complete and their sums agree with the rows.
    lists::audits_are_complete,
    /// API keys are found by hash and by id.
    keys::api_keys_are_found,
    /// Texts of every alphabet come back as they were; NUL is refused or comes back.
    texts::texts_come_back_or_are_refused,
    /// Codes are told apart by every byte: case, leading zeros, spaces inside, accents.
    texts::codes_are_told_apart_by_every_byte,
    /// Two writers fight for the last unit: one has it.
    rivals::one_of_two_gets_the_last_unit,
    /// The same operation key at two writers: one effect, one answer.
    rivals::one_key_at_two_writers_has_one_effect,
    /// Carts with the same SKUs in opposite orders never deadlock for good.
    rivals::reversed_carts_all_arrive,
    /// Two claimers at once get different jobs, and every job goes to one of them.
    rivals::two_claimers_get_disjoint_jobs,
    /// Jobs are put in, claimed, renewed, finished, failed, put off, rescued, cancelled, replayed, discarded and
    /// forgotten; after each the store holds what plain maps hold.
    queue::jobs_go_through_every_state,
    /// One job for one key: while it waits nothing is added, while it runs it will run once more.
    queue::one_job_for_one_key,
    /// Whoever has lost a lease changes nothing.
    queue::a_late_finisher_changes_nothing,
    /// The database itself refuses a change of a job that is not as it was loaded: its lease or whether it runs.
    queue::b2_a_job_that_is_not_as_it_was_loaded_is_a_conflict,
    /// What may be claimed: of each open group those that have been due longest, and when the next is due.
    queue::claimable_jobs_are_the_heads_of_their_groups,
    /// Lanes, buckets of tokens and schedules.
    queue::settings_of_the_queue_are_kept,
    /// Jobs that wait, run, died and are done are listed with every filter, in pages that neither skip nor repeat.
    queue::job_lists_and_pages,
    /// Shops, listings, orders of marketplaces, webhooks and notices come back as they were written.
    channels::rows_of_the_channels_round_trip,
    /// Listings of bundles are found by the SKUs that they are made of.
    channels::a_bundle_is_found_by_its_parts,
    /// The same rows are listed with every filter, in pages that neither skip nor repeat.
    channels::channel_lists_and_pages,
    /// Random commands: the figures are those of a plain model, and `verify` is clean after every batch.
    random::figures_agree_with_a_plain_model,
    /// Random commands in other batches, with two locations and bundles.
    random::figures_agree_in_large_batches,
    /// `verify` finds what is broken, or the store refuses it.
    found::verify_finds_what_is_broken,
    /// `verify` says how far it is and counts what it read.
    found::progress_is_told,
    /// The digest is of the figures of every simple SKU, in byte order of codes.
    found::the_digest_is_of_the_figures,
    /// The same for the rows of the queue and the channels.
    broken::verify_finds_what_is_broken_of_the_queue,
    /// A job that cannot be read stops nobody, is claimed like any other and becomes a dead letter.
    broken::b10_a_job_that_cannot_be_read_dies_and_stops_nobody,
    /// The fault-injecting wrapper fails at the call it was told to, and its answers are true.
    faults::a_faulty_store_fails_as_told,
    /// It can hold a commit up until the test lets it go.
    faults::a_held_commit_waits_for_its_gate,
    /// A fixed list of commands gives the committed dump, to the byte.
    golden::a_fixed_list_gives_the_committed_dump,
}
