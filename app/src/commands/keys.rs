//! `onhand keys`: who may call the API.

use std::process::ExitCode;

use clap::Subcommand;
use onhand_engine::ids;
use serde_json::{Value, json};

use crate::client::{Client, escaped};
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal;

/// Create, list and revoke API keys
#[derive(Debug, clap::Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    action: Action,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print its secret, this once
    Create {
        /// What to call it
        #[arg(long)]
        name: String,
        /// What it allows, separated by commas: stock:read, stock:write, orders:read, orders:write, orders:fulfil, events:read,
        /// queues:operate, audit:read, admin
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// When it ends (RFC 3339, for example 2027-01-01T00:00:00Z)
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// The id of a key that it replaces: both act as one caller while both work
        #[arg(long, value_name = "ID")]
        same_as: Option<String>,
        /// When that key ends (RFC 3339); until then both work
        #[arg(long, value_name = "TIME", requires = "same_as")]
        same_as_expires_at: Option<String>,
    },
    /// List all keys; no secret is shown, since none is known
    List,
    /// End a key at once
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

pub(crate) async fn run(arguments: Keys, effective: &Effective) -> anyhow::Result<ExitCode> {
    let target = Target::open(effective, 1).await?;
    let result = act(&target.client, arguments).await;
    target.close().await?;
    result.map(|()| ExitCode::SUCCESS)
}

async fn act(client: &Client, arguments: Keys) -> anyhow::Result<()> {
    let key = format!("keys-{}", ids::op());
    let (value, lines) = match arguments.action {
        Action::Create { name, scopes, expires_at, same_as, same_as_expires_at } => {
            let mut body = json!({"name": name, "scopes": scopes});
            let given = [
                ("expires_at", expires_at),
                ("same_as", same_as),
                ("same_as_expires_at", same_as_expires_at),
            ];
            for (field, value) in given {
                if let Some(value) = value {
                    body[field] = value.into();
                }
            }
            let made = client.post("/v1/api-keys", &body, &key).await?.into_ok("cannot create the key")?;
            let lines = vec![in_words(&made), format!("secret (shown this once): {}", text(&made, "secret"))];
            (made, lines)
        }
        Action::List => {
            // All of them at once: there are few.
            let mut list = client.get("/v1/api-keys").await?;
            let keys = match list["data"].take() {
                Value::Array(keys) => keys,
                _ => Vec::new(),
            };
            let lines = keys.iter().map(in_words).collect();
            (json!({ "api_keys": keys }), lines)
        }
        Action::Revoke { id } => {
            let path = format!("/v1/api-keys/{}", escaped(&id));
            let revoked = client.delete(&path, &key).await?.into_ok("cannot revoke the key")?;
            (json!({"id": id, "revoked": true, "api_key": revoked}), vec![format!("{id} is revoked")])
        }
    };
    if arguments.json {
        return terminal::say_json(&value);
    }
    lines.iter().for_each(|line| terminal::say(line));
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn in_words(key: &Value) -> String {
    let scopes: Vec<&str> =
        key["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let state = if let Some(at) = key["revoked_at"].as_str() {
        format!("revoked {at}")
    } else if let Some(at) = key["expires_at"].as_str() {
        format!("until {at}")
    } else {
        "no end".to_owned()
    };
    let used = match (key.get("last_used_at"), key["last_used_at"].as_str()) {
        // A key that was made just now.
        (None, _) => String::new(),
        (_, Some(at)) => format!("  last used {at}"),
        (_, None) => "  never used".to_owned(),
    };
    format!("{}  {}  [{}]  {state}{used}", text(key, "id"), text(key, "name"), scopes.join(" "))
}
