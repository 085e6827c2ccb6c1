//! The sandbox's control API.

use anyhow::bail;
use serde_json::Value;

/// A client of it.
pub(crate) struct Control {
    base: String,
    client: reqwest::Client,
}

impl Control {
    /// At the address that the sandbox tells, which has no slash at its end. Redirects are shown and not followed.
    pub(crate) fn new(base: &str) -> anyhow::Result<Self> {
        let client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { base: base.to_owned(), client })
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}/control/{path}", self.base)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Status and body: a refusal is an answer.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let answer = self.client.post(format!("{}/control/{path}", self.base)).json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, told) = self.try_post(path, body).await?;
        if !(200..300).contains(&status) {
            bail!("the sandbox refused {path}: {told}");
        }
        Ok(told)
    }

    /// Takes one fault away; one that has ended by itself is gone already.
    pub(crate) async fn end_fault(&self, id: u64) -> anyhow::Result<()> {
        self.client.delete(format!("{}/control/faults/{id}", self.base)).send().await?;
        Ok(())
    }

    pub(crate) async fn clear_faults(&self) -> anyhow::Result<()> {
        self.client.delete(format!("{}/control/faults", self.base)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Where a seller's browser is sent when he agrees on this page at once.
    pub(crate) async fn agree(&self, page: &str) -> anyhow::Result<reqwest::Url> {
        let joint = if page.contains('?') { '&' } else { '?' };
        let answer = self.client.get(format!("{page}{joint}auto=1")).send().await?;
        let to = answer.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
        let Some(to) = to.map(str::to_owned) else {
            bail!("the consent page sent nobody back: {}", answer.text().await.unwrap_or_default());
        };
        Ok(reqwest::Url::parse(&to)?)
    }
}
