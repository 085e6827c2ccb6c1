//! `onhand users`: who is let into the console.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use onhand_engine::ids;
use serde_json::{Value, json};

use crate::client::{Client, escaped};
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal;

/// List people, let somebody in, and make links with which they set a password
#[derive(Debug, clap::Args)]
pub(crate) struct Users {
    #[command(subcommand)]
    action: Action,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Everybody, with role and state
    List,
    /// Let somebody in, and make the link for them
    Add {
        /// Their e-mail address
        email: String,
        /// What others call them
        #[arg(long)]
        name: String,
        /// admin, operator, finance, fulfilment or viewer; owners are made by owners, in the console
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// A link to set a new password, good once and for an hour; also for an owner, when it works on the database itself
    Link {
        /// Their e-mail address
        email: String,
    },
}

pub(crate) async fn run(arguments: Users, effective: &Effective) -> anyhow::Result<ExitCode> {
    let target = Target::open(effective, 1).await?;
    let result = act(&target, arguments).await;
    target.close().await?;
    result.map(|()| ExitCode::SUCCESS)
}

async fn act(target: &Target, arguments: Users) -> anyhow::Result<()> {
    let client = &target.client;
    let (value, lines) = match arguments.action {
        Action::List => {
            let mut list = client.get("/v1/users").await?;
            let users = list["data"].take();
            let lines = users.as_array().into_iter().flatten().map(in_words).collect();
            (json!({ "users": users }), lines)
        }
        Action::Add { email, name, role } => {
            let body = json!({"email": email, "name": name, "role": role});
            let key = format!("users-{}", ids::op());
            client.post("/v1/users", &body, &key).await?.into_ok("cannot let them in")?;
            link(target, &email).await?
        }
        Action::Link { email } => link(target, &email).await?,
    };
    if arguments.json {
        return terminal::say_json(&value);
    }
    lines.iter().for_each(|line| terminal::say(line));
    Ok(())
}

/// Over the database whoever stands at the machine may do it for everybody; over HTTP the rules for keys hold.
async fn link(target: &Target, email: &str) -> anyhow::Result<(Value, Vec<String>)> {
    let url = match target.password_link(email).await? {
        Some(url) => url,
        None => by_api(&target.client, email).await?,
    };
    let line = format!("Hand this link to {email}; it works once, within an hour:\n\n    {url}\n");
    Ok((json!({"email": email, "url": url}), vec![line]))
}

async fn by_api(client: &Client, email: &str) -> anyhow::Result<String> {
    let list = client.get("/v1/users").await?;
    let wanted = email.trim().to_lowercase();
    let found = list["data"].as_array().into_iter().flatten().find(|user| text(user, "email") == wanted);
    let Some(user) = found else {
        bail!("nobody has the address {email}; `onhand users list` shows who is there")
    };
    let path = format!("/v1/users/{}/link", escaped(text(user, "id")));
    let key = format!("users-{}", ids::op());
    let made = client.post(&path, &json!({}), &key).await?.into_ok("cannot make the link")?;
    made["url"].as_str().map(str::to_owned).context("the server's answer has no link")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn in_words(user: &Value) -> String {
    let state = match (user["disabled"].as_bool(), user["password_set"].as_bool()) {
        (Some(true), _) => "kept out",
        (_, Some(false)) => "has no password yet",
        _ => "let in",
    };
    let factor = if user["totp"].as_bool() == Some(true) { ", with codes" } else { "" };
    format!(
        "{}  {}  {}  {}: {state}{factor}",
        text(user, "id"),
        text(user, "role"),
        text(user, "email"),
        text(user, "name")
    )
}
