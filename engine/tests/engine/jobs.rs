//! The queue: what it promises about work, when workers, databases and jobs misbehave.

mod crashes;
mod desk;
mod fairness;
mod fleet;
mod limits;
mod plain;
mod pressure;
mod replays;
mod schedules;
