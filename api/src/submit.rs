//! The only way from a handler to a change of state.

use onhand_engine::{Request, ids};
use onhand_rules::{Command, OpId, Receipt};
use onhand_store::{OpKey, Outcome};
use serde::Serialize;

use crate::api::Api;
use crate::extract::Call;
use crate::idempotency::Fingerprint;
use crate::problem::{self, Problem, Shape};

/// A command that was done.
pub(crate) struct Done {
    /// What it answers.
    pub(crate) receipt: Receipt,
    /// The execution; the first one's, if this repeats it.
    pub(crate) op: OpId,
    /// Whether it was done by an earlier request.
    pub(crate) replayed: bool,
}

impl Done {
    /// A receipt of another kind than the command makes: a bug.
    pub(crate) fn unexpected(&self) -> Problem {
        Problem::new(&problem::INTERNAL, problem::INTERNAL.advice)
            .because(format!("operation {} has the receipt of another command", self.op))
    }
}

impl Api {
    /// Runs a command once for the request's `Idempotency-Key`.
    pub(crate) async fn submit<T: Serialize>(
        &self,
        call: &Call,
        request: &T,
        shape: Shape,
        command: impl Into<Command>,
    ) -> Result<Done, Problem> {
        let fingerprint = Fingerprint::new(call.route, &call.names(), call.version).of(request);
        self.run(call, call.key()?.to_owned(), fingerprint, shape, command.into()).await
    }

    /// Runs one item of a bulk request under a key of its own.
    pub(crate) async fn submit_item<T: Serialize>(
        &self,
        call: &Call,
        index: usize,
        request: &T,
        shape: Shape,
        command: impl Into<Command>,
    ) -> Result<Done, Problem> {
        let fingerprint = Fingerprint::new(call.route, &call.names(), None).of(request);
        let key = format!("{}#{index}", call.key()?);
        self.run(call, key, fingerprint, shape, command.into()).await
    }

    async fn run(
        &self,
        call: &Call,
        key: String,
        fingerprint: [u8; 16],
        shape: Shape,
        command: Command,
    ) -> Result<Done, Problem> {
        let actor = call.caller()?.principal;
        let answer = self
            .0
            .engine
            .submit(Request {
                op: ids::op(),
                key: Some(OpKey { principal: actor, kind: command.number(), key }),
                fingerprint,
                actor,
                trace: call.trace.clone(),
                command,
            })
            .await?;
        match answer.outcome {
            Outcome::Done(receipt) => Ok(Done { receipt, op: answer.op, replayed: answer.replayed }),
            Outcome::Refused(refusal) => {
                Err(Problem::refused(&refusal, shape).of_operation(answer.op, answer.replayed))
            }
        }
    }
}
