//! The only way from a handler to a change of state.

use onhand_engine::{Request, ids};
use onhand_rules::access::ScopeName;
use onhand_rules::audit::AuditNote;
use onhand_rules::{Command, OpId, Receipt};
use onhand_store::{OpKey, Outcome};
use serde::Serialize;

use crate::api::Api;
use crate::caller::By;
use crate::extract::Call;
use crate::idempotency::Fingerprint;
use crate::policy::Access;
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
        let audit = audit(call, request)?;
        self.run(call, call.key()?.to_owned(), fingerprint, shape, command.into(), audit).await
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
        let audit = audit(call, request)?;
        self.run(call, key, fingerprint, shape, command.into(), audit).await
    }

    async fn run(
        &self,
        call: &Call,
        key: String,
        fingerprint: [u8; 16],
        shape: Shape,
        command: Command,
        audit: Option<Box<AuditNote>>,
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
                audit,
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

/// What the audit log is to say: of whatever a person does, and of what a key does that has power over the house. The
/// orders and movements that programs make by the thousand are in the ledger, with who made them.
fn audit<T: Serialize>(call: &Call, request: &T) -> Result<Option<Box<AuditNote>>, Problem> {
    let caller = call.caller()?;
    let powerful = matches!(call.route.access, Access::Needs(ScopeName::Admin | ScopeName::QueuesOperate));
    if matches!(caller.by, By::Key(_)) && !powerful {
        return Ok(None);
    }
    let asked = serde_json::to_value(request).unwrap_or_default();
    let reason = ["reason", "note"].iter().find_map(|field| asked.get(field)?.as_str().map(str::to_owned));
    let action = format!("{} {}", call.route.method, call.route.path);
    let note = crate::routes::note_of(&caller.name, &action, &call.path.join("/"), reason);
    Ok(Some(Box::new(note)))
}
