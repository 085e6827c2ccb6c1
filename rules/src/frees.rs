//! What is still done when the disk is almost full.

use crate::command::Command;

impl Command {
    /// Whether this only gives back what somebody has: units of stock, or the use of a key or a session.
    ///
    /// A full disk must not keep holds alive that end, or orders that are cancelled: the stock would be lost to
    /// everybody until somebody makes room. Such commands are written into the room that is kept for them; everything
    /// else is refused before it is tried. Goods that arrive from elsewhere are not among them, as an import of them
    /// would use up that room at once.
    #[must_use]
    pub fn frees(&self) -> bool {
        if let Self::RecordPayment(told) = self {
            return told.event.ends();
        }
        matches!(
            self,
            Self::ReleaseReservation(_)
                | Self::CancelOrder(_)
                | Self::ReturnOrder(_)
                | Self::ExpireHolds(_)
                | Self::RevokeApiKey(_)
                | Self::CloseSessions(_)
        )
    }
}
