//! What a connector to a marketplace must do.
