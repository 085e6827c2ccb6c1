//! The queue: what it promises about work, when workers, databases and jobs misbehave.

mod crashes;
mod desk;
mod fairness;
mod fleet;
mod killed;
mod limits;
mod plain;
mod pressure;
mod replays;
mod schedules;
