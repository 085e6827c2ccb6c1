//! The connectors, driven through recorded answers and against the sandbox.

mod sandbox;
