//! Commands of the queue.

mod beat_jobs;
mod block_bucket;
mod cancel_jobs;
mod claim_jobs;
mod discard_dead;
mod enqueue_jobs;
mod finish_jobs;
mod fire_schedule;
mod hurry_jobs;
mod purge_done;
mod put_setting;
mod replay_dead;
mod rescue_jobs;
mod settle_cause;
mod take_tokens;

pub use beat_jobs::BeatJobs;
pub use block_bucket::BlockBucket;
pub use cancel_jobs::CancelJobs;
pub use claim_jobs::ClaimJobs;
pub(crate) use claim_jobs::claim;
pub use discard_dead::DiscardDead;
pub use enqueue_jobs::EnqueueJobs;
pub use finish_jobs::{End, FinishJobs, JobEnd};
pub use fire_schedule::FireSchedule;
pub use hurry_jobs::HurryJobs;
pub use purge_done::PurgeDone;
pub use put_setting::PutSetting;
pub use replay_dead::ReplayDead;
pub use rescue_jobs::RescueJobs;
pub use settle_cause::SettleCause;
pub use take_tokens::TakeTokens;
