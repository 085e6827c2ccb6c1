//! Room on a disk that is kept for the day when there is no other.

use crate::error::StoreError;

/// Something that can be thrown overboard when a disk is full, so that commands that give stock back can still be
/// written. Its calls block.
pub trait Ballast: Send + Sync {
    /// Gives the room up. False when there was none to give.
    fn give_up(&self) -> bool;

    /// Takes the room, unless it has it already.
    ///
    /// # Errors
    /// [`StoreError::Full`] while there is none; anything else says that it cannot be kept at all.
    fn take(&self) -> Result<(), StoreError>;
}
