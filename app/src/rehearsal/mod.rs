//! A flash sale rehearsed: our own program as a server of its own, buyers at once, `kill -9`, and the proof afterwards.
//!
//! The API (`/v1/rehearsals`) and `onhand rehearse` are two ways to ask for the same thing.

mod buyers;
mod conduct;
mod figures;
mod judge;
mod server;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onhand_api::rehearsal::{Cannot, Plan, Rehearsal, Stage, Stand};
use onhand_engine::ids;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::figures::Board;

/// The rehearsals of one process: one at a time, and the last one is kept.
#[derive(Default)]
pub(crate) struct Rehearsals(Mutex<Option<Current>>);

struct Current {
    board: Arc<Board>,
    kill: mpsc::UnboundedSender<()>,
    task: JoinHandle<()>,
}

impl Rehearsals {
    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Breaks off what goes on, and waits until its server and its data are gone.
    pub(crate) async fn stop(&self) {
        let current = self.lock().take();
        if let Some(current) = current {
            current.task.abort();
            // It says that it was aborted, which we know.
            drop(current.task.await);
        }
    }
}

impl Stage for Rehearsals {
    fn start(&self, plan: Plan) -> Result<Rehearsal, Cannot> {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|current| !current.task.is_finished()) {
            return Err(Cannot::Runs);
        }
        let id = ids::op().to_string().replacen("op_", "reh_", 1);
        let board = Arc::new(Board::new(id, plan));
        let (kill, kills) = mpsc::unbounded_channel();
        let task = tokio::spawn(conduct::conduct(board.clone(), kill.clone(), kills));
        let rehearsal = board.look();
        *current = Some(Current { board, kill, task });
        Ok(rehearsal)
    }

    fn look(&self) -> Option<Rehearsal> {
        self.lock().as_ref().map(|current| current.board.look())
    }

    fn kill(&self, id: &str) -> Result<Rehearsal, Cannot> {
        let current = self.lock();
        let current = current.as_ref().filter(|current| current.board.id() == id).ok_or(Cannot::NoSuch)?;
        if current.board.stand() != Stand::Selling || current.kill.send(()).is_err() {
            return Err(Cannot::NotSelling);
        }
        Ok(current.board.look())
    }

    fn end(&self, id: &str) -> Result<(), Cannot> {
        let mut current = self.lock();
        let ended = current.take_if(|current| current.board.id() == id).ok_or(Cannot::NoSuch)?;
        // Its server is killed and its data are removed as what it holds is dropped.
        ended.task.abort();
        Ok(())
    }
}
