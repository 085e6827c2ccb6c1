//! The rows of the queue and the channels: each is its JSON, which both stores read into the same types. What grants and
//! sessions are opened with is left out.

use onhand_rules::setting::Setting;
use onhand_rules::{DeadJob, DoneJob, Inbox, Job, Listing, MarketOrder, Notice, Shop};
use serde::Serialize;

use super::{Lines, PAGE, Text};
use crate::error::StoreError;
use crate::reads::Reads;
use crate::sync_reads::{DeadFilter, InboxFilter, JobFilter, ListingFilter, MarketOrderFilter, NoticeFilter};

/// Stands where a secret is.
const SEALED: &str = "sealed";

impl Lines {
    fn document(&mut self, kind: &str, row: &impl Serialize) {
        let body = serde_json::to_string(row).unwrap_or_default();
        self.line(kind, &[&body]);
    }

    pub(crate) fn setting(&mut self, key: &str, row: &Setting) {
        let mut row = row.clone();
        // The last part of these keys is a secret or the hash of one.
        let shown = match &mut row {
            Setting::Session(_) => key.rsplit_once(':').map_or(key, |(name, _)| name),
            Setting::Link(_) | Setting::Consent { .. } => key.split_once(':').map_or(key, |(name, _)| name),
            Setting::User(user) => {
                user.password = user.password.as_ref().map(|_| SEALED.to_owned());
                if let Some(factor) = &mut user.factor {
                    SEALED.clone_into(&mut factor.sealed);
                    factor.recovery.fill(SEALED.to_owned());
                }
                key
            }
            _ => key,
        };
        let body = serde_json::to_string(&row).unwrap_or_default();
        self.line("setting", &[&Text::of(shown), &body]);
    }

    pub(crate) fn shop(&mut self, row: &Shop) {
        self.document("shop", &Shop { grant: SEALED.to_owned(), ..row.clone() });
    }

    pub(crate) fn listing(&mut self, row: &Listing) {
        self.document("listing", row);
    }

    pub(crate) fn market_order(&mut self, row: &MarketOrder) {
        self.document("market_order", row);
    }

    pub(crate) fn webhook(&mut self, row: &Inbox) {
        self.document("webhook", row);
    }

    pub(crate) fn notice(&mut self, row: &Notice) {
        self.document("notice", row);
    }

    pub(crate) fn job(&mut self, row: &Job) {
        self.document("job", row);
    }

    pub(crate) fn dead_job(&mut self, row: &DeadJob) {
        self.document("dead_job", row);
    }

    pub(crate) fn done_job(&mut self, row: &DoneJob) {
        self.document("done_job", row);
    }
}

/// All of them: settings by key, shops and listings by id, everything else as it is listed, newest first.
pub(super) async fn sync(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    for (key, row) in &reads.settings("").await? {
        out.setting(key, row);
    }
    for shop in &reads.shops().await? {
        out.shop(shop);
    }
    channels(reads, out).await?;
    told(reads, out).await?;
    jobs(reads, out).await
}

async fn channels(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut filter = ListingFilter::default();
    loop {
        let page = reads.listings(&filter, PAGE).await?;
        page.rows.iter().for_each(|row| out.listing(row));
        filter.after = page.rows.last().map(|row| row.id);
        if !page.more {
            break;
        }
    }
    let mut filter = MarketOrderFilter::default();
    loop {
        let page = reads.market_orders(&filter, PAGE).await?;
        page.rows.iter().for_each(|row| out.market_order(row));
        filter.before = page.rows.last().map(|row| (row.received_at, row.shop, row.reference.clone()));
        if !page.more {
            return Ok(());
        }
    }
}

async fn told(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut filter = InboxFilter::default();
    loop {
        let page = reads.inbox(&filter, PAGE).await?;
        page.rows.iter().for_each(|row| out.webhook(row));
        filter.before = page.rows.last().map(|row| (row.received_at, row.key.clone()));
        if !page.more {
            break;
        }
    }
    let mut filter = NoticeFilter::default();
    loop {
        let page = reads.notices(&filter, PAGE).await?;
        page.rows.iter().for_each(|row| out.notice(row));
        filter.before = page.rows.last().map(|row| (row.last_at, row.key.clone()));
        if !page.more {
            return Ok(());
        }
    }
}

async fn jobs(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut filter = JobFilter::default();
    loop {
        let page = reads.jobs(&filter, PAGE).await?;
        page.rows.iter().for_each(|row| out.job(row));
        filter.before = page.rows.last().map(|row| row.id);
        if !page.more {
            break;
        }
    }
    let mut filter = DeadFilter::default();
    loop {
        let page = reads.dead_jobs(&filter, PAGE).await?;
        page.rows.iter().for_each(|row| out.dead_job(row));
        filter.before = page.rows.last().map(|row| row.job.id);
        if !page.more {
            break;
        }
    }
    let mut before = None;
    loop {
        let page = reads.done_jobs(before, PAGE).await?;
        page.rows.iter().for_each(|row| out.done_job(row));
        before = page.rows.last().map(|row| (row.ended_at, row.job.id));
        if !page.more {
            return Ok(());
        }
    }
}
